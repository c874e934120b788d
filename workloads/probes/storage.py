"""What storage does: the first byte, and bytes a second by how many reads are under way.

Files are read as the readers of training read them: objects by ranges through obstore or
TensorFlow's ``gs://``, local files past the kernel's cache, which is asked to forget them.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from statistics import median

import tensorflow as tf

from domain.errors import InputError
from domain.probe import StorageProbe
from workloads.readers import s3
from workloads.readers.locations import File, files, kind, local_path, one_kind

QUICK_PARALLELISM = (1, 4, 16)
ALL_PARALLELISM = (1, 2, 4, 8, 16, 32, 64)
REQUEST_BYTES = 8 << 20

_FIRST_BYTE_READS = 9
# Enough to see a first byte; a single one might be answered from a cache of metadata.
_FIRST_BYTES = 1024
# The kernel keeps files in pieces of up to 2 MiB, and a piece that is dropped in part is kept.
_KEPT_BYTES = 4 << 20
# Four times the ranges that are under way, at least: else the last ones wait for nobody.
_FEWEST_REQUESTS_PER_CONNECTION = 4


def reads(
    url: str,
    parallelism: tuple[int, ...],
    budget_seconds: float,
    done: Callable[[str], None],
    request_bytes: int = REQUEST_BYTES,
) -> Iterator[StorageProbe]:
    """Reads of what a URL names, by parallelism.

    Of local files no more is read at once than they have ranges of ``request_bytes``.

    Raises:
        InputError: nothing there, only empty files, or they cannot be read.
    """
    found = [each for each in files(url) if each.size_bytes]
    if not found:
        raise InputError("holds empty files only; name some MiB to read", where=url)
    where = one_kind(found)
    read = _reader(found)
    first = _first_byte_seconds(found, read, budget_seconds)
    distinct = sum(-(-each.size_bytes // request_bytes) for each in found)
    for connections in parallelism:
        if where == "local" and connections > max(distinct, 1):
            # Two reads of one range at once would be answered by the kernel's cache.
            continue
        done(f"storage {where}, {connections} at once")
        ranges = _ranges(found, request_bytes)
        moved, seconds, requests = _read_for(read, ranges, connections, budget_seconds)
        yield StorageProbe(
            kind=where,
            parallelism=connections,
            bytes=float(moved),
            request_bytes=float(request_bytes),
            seconds=seconds,
            first_byte_seconds=first,
            runs=requests,
        )


Range = tuple[File, int, int]
Read = Callable[[File, int, int], int]


def _ranges(found: list[File], request_bytes: int) -> Iterator[Range]:
    """Ranges of all files, again and again: a small data set is read more than once."""
    return itertools.cycle(
        (file, start, min(start + request_bytes, file.size_bytes))
        for file in found
        for start in range(0, file.size_bytes, request_bytes)
    )


def _read_for(
    read: Read, ranges: Iterator[Range], connections: int, budget_seconds: float
) -> tuple[int, float, int]:
    """Bytes, seconds and requests, with so many under way until the budget is spent."""
    moved = requests = 0
    with ThreadPoolExecutor(connections) as threads:
        started = time.perf_counter()
        under_way: set[Future[int]] = {
            threads.submit(read, *next(ranges)) for _ in range(connections)
        }
        try:
            while under_way:
                ready, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for each in ready:
                    moved += each.result()
                    requests += 1
                enough = requests >= _FEWEST_REQUESTS_PER_CONNECTION * connections
                if not enough or time.perf_counter() - started < budget_seconds:
                    under_way |= {threads.submit(read, *next(ranges)) for _ in ready}
        finally:
            for left in under_way:
                left.cancel()
        return moved, time.perf_counter() - started, requests


def _first_byte_seconds(found: list[File], read: Read, budget_seconds: float) -> float:
    """The median wait for a small range, of places that are spread over the files."""
    timed: list[float] = []
    started = time.perf_counter()
    for number in range(_FIRST_BYTE_READS):
        file = found[number * len(found) // _FIRST_BYTE_READS]
        start = file.size_bytes * number // _FIRST_BYTE_READS
        begun = time.perf_counter()
        read(file, start, min(start + _FIRST_BYTES, file.size_bytes))
        timed.append(time.perf_counter() - begun)
        if time.perf_counter() - started > budget_seconds:
            break
    return median(timed)


def _reader(found: list[File]) -> Read:
    match kind(found[0].url):
        case "s3":
            buckets = {name: s3.Bucket(name) for name in {s3.split(each.url)[0] for each in found}}

            def read_s3(file: File, start: int, end: int) -> int:
                name, key = s3.split(file.url)
                return len(buckets[name].read(key, start, end))

            return read_s3
        case "gs":
            return _read_gs
        case _:
            for each in found:
                _write_back(each)
            return _read_local


def _read_gs(file: File, start: int, end: int) -> int:
    try:
        with tf.io.gfile.GFile(file.url, "rb") as opened:
            opened.seek(start)
            return len(opened.read(end - start))
    except tf.errors.OpError as error:
        told = str(error.message).splitlines()[0]
        raise InputError(f"cannot be read: {told}", where=file.url) from None


def _write_back(file: File) -> None:
    """Lets the disk have what was written lately, which the kernel cannot forget before."""
    with suppress(OSError):
        descriptor = os.open(local_path(file.url), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_local(file: File, start: int, end: int) -> int:
    try:
        descriptor = os.open(local_path(file.url), os.O_RDONLY)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=file.url) from None
    try:
        if hasattr(os, "posix_fadvise"):
            first, last = start // _KEPT_BYTES * _KEPT_BYTES, -(-end // _KEPT_BYTES) * _KEPT_BYTES
            os.posix_fadvise(descriptor, first, last - first, os.POSIX_FADV_DONTNEED)
        return len(os.pread(descriptor, end - start, start))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=file.url) from None
    finally:
        os.close(descriptor)
