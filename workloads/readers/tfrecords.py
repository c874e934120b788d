"""Records of TFRecord files, wherever they lie, as a dataset of bytes.

From ``s3://`` the bytes come as ranges read side by side. They are cut behind whole records
and handed to TensorFlow's own reader as files of its memory file system (``ram://``), a few
MiB each, so that TensorFlow verifies every checksum and Python touches each record's length
only. What was tried instead: a named pipe cannot work, since TensorFlow reads with ``pread``
("Illegal seek"); a generator that yields record by record costs about 0.2 ms a record here,
which is 5,000 small records a second; a whole download waits for the last byte of a file
before its first record. ``python -m benchmarks.reading`` measures it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from domain.errors import InputError
from workloads.readers.failures import MEMORY, TOLD, Piece, remove_folder
from workloads.readers.framing import Splitter
from workloads.readers.locations import File, files, local_path, one_kind
from workloads.readers.ranges import CHUNK_BYTES, PARALLELISM, chunks

Compression = Literal["", "GZIP", "ZLIB"]

_LOCAL_BUFFER_BYTES = 1 << 20
_PIECES_AHEAD = 2
# zlib's own words for "a gzip header" and "a zlib header" before the stream.
_WINDOW_BITS = {"GZIP": 16 + zlib.MAX_WBITS, "ZLIB": zlib.MAX_WBITS}


def tfrecords(
    source: str | Sequence[File],
    *,
    compression: Compression = "",
    parallelism: int = PARALLELISM,
    chunk_bytes: int = CHUNK_BYTES,
) -> tf.data.Dataset:
    """Records as scalar strings, file by file in order; ``gs://`` mixes ``parallelism`` files.

    ``source`` is a URL, pattern or folder, or files found before, so that each worker can be
    given its own. Reading from ``s3://`` holds ``parallelism + 4`` times ``chunk_bytes``
    or so, and one record more.

    Raises:
        InputError: there is nothing to read. What goes wrong later: see ``explained``.
    """
    if compression not in ("", *_WINDOW_BITS):
        raise InputError(f"is {compression!r}; give GZIP, ZLIB or nothing", where="compression")
    found = files(source) if isinstance(source, str) else tuple(source)
    match one_kind(found):
        case "s3":
            settings = parallelism, chunk_bytes
            return _from_paths(partial(_segments, found, compression, settings))
        case "gs":
            return tf.data.TFRecordDataset(
                [each.url for each in found],
                compression_type=compression,
                buffer_size=chunk_bytes,
                num_parallel_reads=parallelism,
            )
        case _:
            return _from_paths(partial(_local, found, compression), compression)


def _from_paths(
    paths: Callable[[], Iterator[str]], compression: Compression = ""
) -> tf.data.Dataset:
    """Records of files that a generator names one at a time.

    Behind the records of a file in memory comes a step without a record, which removes it.
    """
    named = tf.data.Dataset.from_generator(
        paths, output_signature=tf.TensorSpec(shape=(), dtype=tf.string)
    )

    def records(path: Any) -> tf.data.Dataset:
        read = tf.data.TFRecordDataset(
            path, compression_type=compression, buffer_size=_LOCAL_BUFFER_BYTES
        )
        end = tf.data.Dataset.from_tensors(path).filter(
            lambda read: tf.numpy_function(_remove, (read,), tf.bool)
        )
        return read.concatenate(end)

    # While TensorFlow reads one piece, the generator makes the next ones.
    return named.prefetch(_PIECES_AHEAD).flat_map(records)


def _remove(path: bytes) -> Any:
    if path.startswith(MEMORY.encode()):
        # Where the loop has ended meanwhile, its folder is gone already.
        with suppress(tf.errors.NotFoundError):
            tf.io.gfile.remove(path)
    return np.False_


def _local(found: Sequence[File], compression: Compression) -> Iterator[str]:
    for each in found:
        yield TOLD.hand_out(Piece(each.url, str(local_path(each.url)), compression))


def _segments(
    found: Sequence[File], compression: Compression, settings: tuple[int, int]
) -> Iterator[str]:
    """Names of files in memory with whole records."""
    folder = f"{MEMORY}{TOLD.number()}"
    try:
        for number, (file, begins, records) in enumerate(
            _whole_records(found, compression, *settings)
        ):
            path = f"{folder}/{number}"
            with tf.io.gfile.GFile(path, "wb") as written:
                written.write(records)
            size = None if compression else len(records)
            yield TOLD.hand_out(Piece(file.url, path, "", begins, size))
    except InputError as error:
        # What was handed out before is still to be read; ``explained`` removes what is left.
        raise TOLD.fail(error, folder) from None
    except GeneratorExit:
        # The loop has ended before the data did, and nobody reads what was handed out last.
        remove_folder(folder)
        raise


def _whole_records(
    found: Iterable[File], compression: Compression, parallelism: int, chunk_bytes: int
) -> Iterator[tuple[File, int, bytes]]:
    splitter: Splitter | None = None
    unpack = _Unpacking("", "")
    for chunk in chunks(found, parallelism, chunk_bytes):
        if chunk.start == 0:
            splitter = Splitter(chunk.file.url)
            unpack = _Unpacking(compression, chunk.file.url)
        assert splitter is not None  # the first chunk of every file starts at 0
        begins = splitter.offset
        if records := splitter.whole_records(unpack.more(chunk.data)):
            yield chunk.file, begins, records
        if chunk.ends_its_file:
            unpack.end()
            splitter.end()


class _Unpacking:
    """The bytes of a compressed stream, or of one that is not."""

    def __init__(self, compression: Compression, url: str) -> None:
        self._url = url
        self._bits = _WINDOW_BITS.get(compression)
        self._stream = None if self._bits is None else zlib.decompressobj(self._bits)
        self._begun = False

    def more(self, data: bytes | memoryview) -> bytes | memoryview:
        if self._stream is None or self._bits is None:
            return data
        parts = []
        try:
            while data:
                if self._stream.eof:  # files that were joined hold several streams
                    self._stream = zlib.decompressobj(self._bits)
                self._begun = True
                parts.append(self._stream.decompress(data))
                data = self._stream.unused_data
        except zlib.error:
            raise InputError(
                "cannot be unpacked; is its compression the one given?", where=self._url
            ) from None
        return b"".join(parts)

    def end(self) -> None:
        if self._stream is not None and self._begun and not self._stream.eof:
            raise InputError("its compressed stream is cut off; upload it again", where=self._url)
