"""The code that hosts need, as one archive that has the same bytes for the same code."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "domain", ROOT / "workloads")
_LEFT_OUT = {"__pycache__"}
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Bundle:
    """An archive (``tar.gz``), its digest, and how many files are in it."""

    archive: bytes
    digest: str
    files: int


def pack(folders: Sequence[Path] = FOLDERS) -> Bundle:
    """The folders, each under its own name, without what Python compiled.

    Times and owners are left out, so that the digest tells the code and nothing else.
    """
    buffer, count = io.BytesIO(), 0
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for folder in folders:
            for path in _files(folder):
                data = path.read_bytes()
                entry = tarfile.TarInfo(str(path.relative_to(folder.parent)))
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, io.BytesIO(data))
                count += 1
    archive_bytes = buffer.getvalue()
    return Bundle(archive_bytes, hashlib.sha256(archive_bytes).hexdigest()[:_DIGITS], count)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _LEFT_OUT.intersection(path.parts):
            yield path
