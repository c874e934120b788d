"""Ranges of objects, read side by side and given in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from workloads.readers import s3
from workloads.readers.locations import File

CHUNK_BYTES = 8 << 20
"""The size of a ranged read: AWS advises 8 to 16 MB (S3 User Guide, "Performance design
patterns", horizontal scaling); larger ones wait longer for the first record."""

PARALLELISM = 16
"""Connections at once; one of S3 gives some 90 MB/s at most (same place)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes of an object and where they stand in it."""

    file: File
    start: int
    data: memoryview

    @property
    def ends_its_file(self) -> bool:
        """Whether nothing of its object comes after it."""
        return self.start + len(self.data) == self.file.size_bytes


class _Moved:
    """Bytes that all readers of this program have moved."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes = 0

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


_MOVED = _Moved()


def moved_bytes() -> int:
    """Bytes that came from ``s3://`` so far in this program."""
    return _MOVED.bytes


def chunks(
    files: Iterable[File], parallelism: int = PARALLELISM, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Chunk]:
    """The bytes of all files of ``s3://``, one chunk after the other.

    At most ``parallelism`` chunks are under way or wait to be taken, which bounds the memory.
    A generator that is closed early leaves no thread behind.

    Raises:
        InputError: an object that cannot be read, or that is shorter than it was.
    """
    buckets: dict[str, s3.Bucket] = {}

    def read(file: File, start: int) -> Chunk:
        name, key = s3.split(file.url)
        end = min(start + chunk_bytes, file.size_bytes)
        data = buckets[name].read(key, start, end)
        _MOVED.add(len(data))
        return Chunk(file, start, data)

    with ThreadPoolExecutor(parallelism, thread_name_prefix="reader") as threads:
        waiting: deque[Future[Chunk]] = deque()
        try:
            for file in files:
                name, _ = s3.split(file.url)
                if name not in buckets:
                    buckets[name] = s3.Bucket(name)
                # An empty object is one empty chunk, so that its reader hears of it.
                for start in range(0, max(file.size_bytes, 1), chunk_bytes):
                    waiting.append(threads.submit(read, file, start))
                    if len(waiting) >= parallelism:
                        yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
