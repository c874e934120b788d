"""From files of measurements and probes to a calibration that has learnt from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import InputError
from windtunnel.measured import read_measured

if TYPE_CHECKING:
    from domain.catalog import Catalog
    from domain.measurement import Measurement, Share
    from domain.probe import Probes
    from simulator.study.calibrate import Fit
    from simulator.study.calibrated import Calibrated

_TABLES = (".csv",)
# Keys of a file of probes, none of which a measurement has.
_PROBED = {"matmul", "convolution", "memory", "all_reduce", "storage"}
# A run that waited longer than this for its input says next to nothing of its accelerators.
_MOST_STALLED = 0.9
# Of a host's processors, that others may take before it is said.
_BUSY = 0.1


@dataclass(frozen=True)
class Learnt:
    """A calibration, what is known of its errors where runs were among the files, and what was
    made of probes and left out of measurements, in sentences."""

    calibrated: Calibrated
    fit: Fit | None
    notes: tuple[str, ...]


def learn(paths: Sequence[Path], before: Calibrated, *, accelerator: str | None = None) -> Learnt:
    """A calibration of all measurements and probes of some files, on top of one before.

    Probes come first, whatever the order of files: runs are measured against what they say. Those
    of one accelerator are taken together.

    Args:
        accelerator: what to call the accelerator that probes are of.

    Raises:
        InputError: nothing to fit to, or a file that cannot be read.
    """
    from simulator.study.probe_fit import pooled

    probes = {path: found for path in paths if (found := _probes(path)) is not None}
    notes: list[str] = []
    calibrated = before
    for name, some in _by_accelerator(probes, accelerator).items():
        notes += _busy(
            [each.other_utilisation for each in some.values()], f"probes of {name}", counted=True
        )
        try:
            calibrated, told = _with_probes(pooled(list(some.values())), calibrated, name)
        except InputError as error:
            raise error.at(", ".join(map(str, some))) from None
        notes += told
    rest = [path for path in paths if path not in probes]
    if probes:
        texts = sorted(each.model_dump_json() for each in probes.values())
        digest = sha256("\n".join(texts).encode()).hexdigest()[:8]
        calibrated = replace(
            calibrated,
            version=f"probes-{digest}",
            fitted_on={"files": sorted(path.name for path in probes), "from": before.version},
        )
    if not rest:
        return Learnt(calibrated, None, tuple(notes))
    fit = _with_runs(rest, calibrated, notes)
    return Learnt(fit.calibrated, fit, tuple(notes))


def _probes(path: Path) -> Probes | None:
    """The probes of a file, or None where it holds something else.

    Raises:
        InputError: probes that do not hold together.
    """
    from domain.probe import read_probes

    if path.suffix != ".json":
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # said by whoever reads it as measurements
    if not isinstance(document, dict) or not _PROBED & set(document):
        return None
    return read_probes(path)


def _by_accelerator(
    probes: Mapping[Path, Probes], accelerator: str | None
) -> dict[str, dict[Path, Probes]]:
    """Files of probes by the accelerator that they are of."""
    from domain.measurement import described_id

    found: dict[str, dict[Path, Probes]] = {}
    for path, each in probes.items():
        found.setdefault(accelerator or described_id(each.machine), {})[path] = each
    return found


def _with_probes(probes: Probes, before: Calibrated, name: str) -> tuple[Calibrated, list[str]]:
    from domain.catalog import load_catalog
    from domain.catalog.described import described_accelerator
    from domain.described import described_of
    from domain.errors import CatalogError
    from domain.probe import describe
    from simulator.study.probe_fit import fit_probes, fit_storage
    from simulator.study.residuals import SEPARATOR

    catalog = load_catalog().with_accelerators(before.accelerators.values())
    notes = []
    if probes.storage:
        before = replace(before, base=fit_storage(probes, before.base))
        notes.append("storage is read at the rates that were probed")
    if not probes.matmul and not probes.convolution:
        return before, notes
    measured = {key.partition(SEPARATOR)[0] for key in before.effects.levels.get("accelerator", {})}
    try:
        chip = catalog.accelerator(name)
    except CatalogError:
        described = described_of(describe(probes, name), "--accelerator")
        chip = described_accelerator(described)
        before = replace(before, accelerators={**before.accelerators, chip.id: described})
        notes.append(f"{chip.id} is described by its probes")
    if chip.id in measured:
        if chip.is_described:
            raise InputError(
                f"the calibration has runs of {chip.id}, which were measured against what it was "
                "before; calibrate with the probes first, then with the runs"
            )
        notes.append(f"runs of {chip.id} say more than probes of it, which were left out")
        return before, notes
    probed = fit_probes(probes, chip, before.base)
    return replace(before, probed={**before.probed, chip.id: probed}), notes


def _with_runs(paths: Sequence[Path], before: Calibrated, notes: list[str]) -> Fit:
    import pandas as pd

    from domain.catalog import load_catalog
    from domain.measurement import described_accelerators
    from simulator.study.calibrate import calibrate
    from simulator.study.compare_measured import known_accelerators
    from simulator.study.point_predictions import closed_forms, seconds_of
    from simulator.study.points import resolve_points

    tables = [path for path in paths if path.suffix in _TABLES]
    runs = {path: _fed(path, notes) for path in paths if path not in tables}
    measurements = [each for some in runs.values() for each in some]
    try:
        catalog = known_accelerators(load_catalog(), before, measurements)
    except InputError as error:
        raise error.at(", ".join(map(str, runs))) from None
    described = {each.id: each for each in described_accelerators(measurements)}
    before = replace(before, accelerators={**described, **before.accelerators})
    frames = [_table(path) for path in tables]
    frames += [_timed(path, some, catalog) for path, some in runs.items()]
    frame = pd.concat(frames, ignore_index=True)
    measured = frame.pop("throughput").to_numpy(float)
    days = frame.reindex(columns=["date"])["date"].map(_text).to_numpy(object)
    points = resolve_points(frame, catalog)
    forms = closed_forms(points, before)
    seconds = seconds_of(points, forms, measured)
    usable = (points.reasons == "") & (seconds > 0)
    if not usable.any():
        why = next((text for text in points.reasons if text), "no row has a throughput")
        raise InputError(f"there is no measured run that could be predicted: {why}")
    left_out = len(usable) - int(usable.sum())
    if left_out:
        why = next((text for text in points.reasons if text), "no speed is told")
        notes.append(f"{left_out} of {len(usable)} runs were left out: {why}")
    names = _names(frame)
    return calibrate(
        points,
        seconds,
        prior=before,
        version=_version(names[usable], measured[usable]),
        fitted_on={"files": sorted(path.name for path in paths), "from": before.version},
        names=names,
        days=days,
    )


def _fed(path: Path, notes: list[str]) -> list[Measurement]:
    """The measurements of a file that say something of their accelerators."""
    found = read_measured(path)
    others = [each.observed.other_utilisation if each.observed else None for each in found]
    notes += _busy(
        others, f"runs of {path.name}", counted=all(each.own_share < 1.0 for each in found)
    )
    kept = [each for each in found if each.input_stall_share <= _MOST_STALLED]
    if len(kept) < len(found):
        notes.append(
            f"{len(found) - len(kept)} of {len(found)} runs of {path.name} did little but wait "
            "for their input, and were left out"
        )
    return kept


def _busy(others: Sequence[Share | None], what: str, *, counted: bool) -> list[str]:
    """A sentence where other programs used the host meanwhile."""
    shares = [each.mean for each in others if each is not None and each.mean > _BUSY]
    if not shares:
        return []
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    taken = low if low == high else f"{low} to {high}"
    known = ", which was taken off" if counted else ""
    return [
        f"during {len(shares)} of {len(others)} {what} other programs took {taken} of the host's "
        f"processors{known}"
    ]


def _table(path: Path) -> Any:
    """The rows of a CSV table that are fit to learn from."""
    from simulator.study.point_tables import read_run_table

    table = read_run_table(path)
    frame = table.frame().assign(throughput=table.measured("throughput"))
    quality = table.text("quality")
    return frame[(quality == "ok") | (quality == "")].astype(
        {name: object for name, kind in frame.dtypes.items() if kind == "category"}
    )


def _timed(path: Path, measurements: Sequence[Measurement], catalog: Catalog) -> Any:
    """Measurements as rows, each speed that of accelerators that need not wait."""
    import pandas as pd

    from domain.measurement import to_rows

    columns = None if measurements else ["model", "accelerator", "throughput"]
    try:
        return pd.DataFrame(to_rows(measurements, catalog), columns=columns)
    except InputError as error:
        raise error.at(str(path)) from None


def _names(frame: Any) -> Any:
    """A name for each run that no other file or order changes: all that it was asked for."""
    from simulator.study.points import COLUMNS

    columns = [name for name in COLUMNS if name != "notes"]
    texts = frame.reindex(columns=columns).astype(object).map(_text)
    return (texts + "|").sum(axis=1).to_numpy(object)


def _text(cell: Any) -> str:
    """One text for 8, 8.0 and "8", and none for what is absent."""
    if cell is None or cell != cell:
        return ""
    return f"{cell:.12g}" if isinstance(cell, (int, float)) else str(cell)


def _version(names: Any, measured: Any) -> str:
    """Names what it was fitted on: the same measurements, the same version."""
    rows = sorted(f"{name}|{value:.9g}" for name, value in zip(names, measured, strict=True))
    return f"own-{len(rows)}-{sha256(chr(10).join(rows).encode()).hexdigest()[:8]}"
