"""Files of measurements, whatever their format, beside what is predicted of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import InputError

if TYPE_CHECKING:
    from domain.measurement import Measurement
    from simulator.study.calibrated import Calibrated
    from simulator.study.compare_measured import Comparison


def read_measured(path: Path) -> tuple[Measurement, ...]:
    """The measurements of a JSON, JSON-lines or Parquet file.

    Raises:
        InputError: absent, of another format, or a measurement that does not hold together.
    """
    if path.suffix == ".parquet":
        from simulator.study.measurement_tables import read_measurement_table

        return read_measurement_table(path)
    from domain.measurement import read_measurements

    return read_measurements(path)


def compare_files(paths: Sequence[Path], calibrated: Calibrated) -> tuple[Comparison, ...]:
    """Every run of some files beside what is predicted of it.

    Raises:
        InputError: a file that cannot be read, or a run that cannot be predicted; says which.
    """
    found: list[Comparison] = []
    for path in paths:
        found += compare_runs(read_measured(path), calibrated, str(path))
    return tuple(found)


def compare_runs(
    measurements: Iterable[Measurement], calibrated: Calibrated, name: str
) -> list[Comparison]:
    """Measured runs beside what is predicted of them; ``name`` is what errors call their file."""
    from domain.catalog import load_catalog
    from simulator.study.compare_measured import compare

    catalog = load_catalog()
    found = []
    for number, each in enumerate(measurements, 1):
        try:
            found.append(compare(each, calibrated, catalog))
        except InputError as error:
            raise _with_remedy(error).at(f"{name}: measurement {number}") from None
    return found


def _with_remedy(error: InputError) -> InputError:
    """The error and, where it is about what a run ran on, how to say that next time."""
    if "accelerator" not in error.message:
        return error
    return type(error)(
        f"{error.message}; name what it ran on by the key 'accelerator:' of the hosts file, or in "
        "WINDTUNNEL_ENVIRONMENT where it is started by hand; 'windtunnel launch probes' describes "
        "a host that no catalog has",
        where=error.where,
    )
