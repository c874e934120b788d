"""Whole files, such as images, as a dataset of their names and bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import tensorflow as tf

from domain.errors import InputError
from workloads.readers.failures import TOLD
from workloads.readers.locations import File, one_kind
from workloads.readers.ranges import PARALLELISM, chunks

_FILES_PER_HANDOVER = 64
_BYTES_PER_HANDOVER = 8 << 20


def contents(files: Sequence[File], *, parallelism: int = PARALLELISM) -> tf.data.Dataset:
    """Pairs of a file's URL and its bytes, in the order given, ``parallelism`` read at once.

    Raises:
        InputError: no files, or of several stores. What goes wrong later: see ``explained``.
    """
    if one_kind(files) == "s3":
        text = tf.TensorSpec(shape=(None,), dtype=tf.string)
        return tf.data.Dataset.from_generator(
            lambda: _handovers(files, parallelism), output_signature=(text, text)
        ).unbatch()
    urls = [each.url.removeprefix("file://") for each in files]
    return tf.data.Dataset.from_tensor_slices(urls).map(
        lambda url: (url, tf.io.read_file(url)), num_parallel_calls=parallelism
    )


def _handovers(files: Sequence[File], parallelism: int) -> Iterator[tuple[list[str], list[bytes]]]:
    """Some files at a time: one by one, handing them over would cost more than reading them."""
    urls: list[str] = []
    data: list[bytes] = []
    size = 0
    try:
        # One request a file, however large.
        for chunk in chunks(files, parallelism, chunk_bytes=sys.maxsize):
            urls.append(chunk.file.url)
            data.append(bytes(chunk.data))
            size += len(chunk.data)
            if len(urls) == _FILES_PER_HANDOVER or size >= _BYTES_PER_HANDOVER:
                yield urls, data
                urls, data, size = [], [], 0
        if urls:
            yield urls, data
    except InputError as error:
        raise TOLD.fail(error) from None
