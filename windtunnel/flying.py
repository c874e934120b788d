"""From a scenario file to a flown prediction, and its jobs as a table."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from domain.catalog import Catalog, load_catalog
from domain.errors import InputError
from domain.located import locate
from domain.reading import ScenarioFile, load_prices
from windtunnel.output import check_writable, replacing

if TYPE_CHECKING:
    from simulator.study.replicate import Progress
    from simulator.study.simulate import Flown


def open_catalog(prices: Path | None) -> Catalog:
    """The catalog, at the prices of a list of the command line where there is one."""
    catalog = load_catalog()
    return catalog.with_prices(load_prices(prices)) if prices else catalog


def fly_scenario(
    file: ScenarioFile,
    prices: Path | None,
    *,
    replications: int | None,
    seed: int | None,
    workers: int,
    progress: Progress | None = None,
    with_jobs: bool = False,
) -> Flown:
    """Flies the scenario of a file; a price list of the command line wins over its own."""
    from simulator.study.simulate import simulate

    scenario = file.scenario
    if prices is not None:
        scenario = scenario.model_copy(update={"prices": load_prices(prices)})
    try:
        return simulate(
            file.name,
            scenario,
            file.folder,
            load_catalog(),
            today=date.today(),
            replications=replications,
            seed=seed,
            workers=workers,
            progress=progress,
            with_jobs=with_jobs,
        )
    except InputError as error:
        raise locate(error, file.located) from None


def check_jobs_path(path: Path) -> None:
    """Refuses a file that job records cannot be written to, before anything flies.

    Raises:
        InputError: another suffix than .csv or .parquet, or the file cannot be written.
    """
    check_writable(path)
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(
            f"'{path.suffix}' is not a format of job records; use .csv or .parquet",
            where=str(path),
        )


def write_jobs(flown: Flown, path: Path) -> None:
    """The jobs of the first replication as CSV or Parquet, by the file's suffix."""
    import pandas as pd

    table = pd.DataFrame(flown.jobs)
    with replacing(path) as temporary:
        if path.suffix == ".csv":
            table.to_csv(temporary, index=False)
        else:
            table.to_parquet(temporary, index=False)
