"""Results come home whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from domain.errors import InputError, RunFailed
from domain.measurement import Measurement, read_measurements
from workloads.launch.benchmarks import Benchmark
from workloads.launch.remote import Remote

LOGS = "logs"


def check_out(out: Path) -> None:
    """Refuses a folder whose results would be overwritten; logs of earlier launches may stay.

    Raises:
        InputError: it holds something, or is a file.
    """
    there = next(each for each in (out, *out.absolute().parents) if each.exists())
    if not os.access(there, os.W_OK):
        raise InputError(f"nothing can be written into {there}", where=str(out))
    if there.is_file() and there != out:
        raise InputError(f"{there} is a file, not a folder", where=str(out))
    if out.exists() and not out.is_dir():
        raise InputError("is a file; results are put into a folder", where=str(out))
    if out.is_dir() and any(each.name != LOGS for each in out.iterdir()):
        raise InputError(
            "is not empty; results are put into a folder of their own, name another with --out",
            where=str(out),
        )


async def collect(chief: Remote, benchmark: Benchmark, out: Path) -> tuple[Measurement, ...]:
    """Fetches what the chief wrote, checks that it is whole, and moves it to ``out``.

    Raises:
        RunFailed: it is not whole, the host was lost meanwhile, or a disk is full. ``out`` has
            nothing of it then.
    """
    half = Path(tempfile.mkdtemp(prefix=".half-", dir=out))
    try:
        async with chief.files() as client:
            await client.get(f"{chief.run_folder}/out", half, recurse=True)
        fetched = half / "out"
        try:
            benchmark.check(fetched)
        except InputError as error:
            raise RunFailed(
                f"its results are not whole: {error.message}", where=chief.host.label
            ) from None
        # The measurement goes last: where it is, the rest is.
        names = sorted(path.name for path in fetched.iterdir() if path.name != benchmark.result)
        for name in [*names, benchmark.result]:
            (fetched / name).replace(out / name)
        if benchmark.result != "measurement.json":
            return ()
        return read_measurements(out / benchmark.result)
    except OSError as error:
        raise RunFailed(f"results cannot be written: {error}", where=str(out)) from None
    finally:
        shutil.rmtree(half, ignore_errors=True)
