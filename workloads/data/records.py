"""TFRecord files: ``train-*.tfrecord``, and ``validation-*`` and ``test-*`` beside them.

A record is a ``tf.train.Example``. Images are ``image`` (encoded) and ``label``; all other
tensors are kept as the bytes of their numbers under their own name. ``samples.json`` tells how
many there are; without it they are counted, which reads every file once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from domain.errors import InputError
from workloads.data.folders import decoded
from workloads.data.sample import Field, SampleKind
from workloads.data.source import Order, Part
from workloads.readers import File, contents, explained, files, tfrecords

_PARTS: tuple[Part, ...] = ("train", "validation", "test")
_INDEX = "samples.json"
_SHUFFLED = 2048
"""Records among which the next one is drawn."""


class Records:
    """A source that reads records one after the other, the files of each worker apart."""

    def __init__(self, root: str, kind: SampleKind) -> None:
        self.kind = kind
        found = files(root)
        self._files = {part: _of_part(found, part) for part in _PARTS}
        if not self._files["train"]:
            raise InputError(
                "holds no file like train-00000.tfrecord, nor train.tfrecord", where=root
            )
        self._sizes = _sizes(found, self._files)
        stored = sum(file.size_bytes for file in self._files["train"])
        self.read_bytes_per_sample = stored / max(1, self._sizes["train"])

    @property
    def sizes(self) -> Mapping[Part, int]:
        """Records of each part."""
        return self._sizes

    def batches(self, part: Part, order: Order) -> Any:
        """Endless batches of one part.

        Where there are fewer files than workers, each reads all and keeps its own records. A
        restart reads over what was used before.
        """
        found = self._files[part]
        by_file = len(found) >= order.pipelines
        mine = found[order.pipeline :: order.pipelines] if by_file else found
        records = tfrecords(mine)
        if not by_file:
            records = records.shard(order.pipelines, order.pipeline)
        if order.shuffle_seed is not None:
            records = records.shuffle(_SHUFFLED, order.shuffle_seed)
        records = records.repeat().skip(order.first_step * order.batch * order.replicas_here)
        parsed = records.map(self._parsed, num_parallel_calls=tf.data.AUTOTUNE)
        return parsed.batch(order.batch, drop_remainder=True)

    def _parsed(self, record: Any) -> tuple[dict[str, Any], Any]:
        kind = self.kind
        names = list(kind.features) if kind.next_words else [*kind.features, "label"]
        keys = {name: tf.io.FixedLenFeature([], tf.string) for name in names}
        example = tf.io.parse_single_example(record, keys)
        if kind.next_words:
            ((name, field),) = kind.features.items()
            longer = Field((field.shape[0] + 1,), field.dtype, field.stored)
            words = _value(example[name], longer)
            return {name: words[:-1]}, words[1:]
        features = {name: _value(example[name], field) for name, field in kind.features.items()}
        return features, _value(example["label"], kind.label)


def write_records(
    root: Path, kind: SampleKind, sizes: Mapping[Part, int], *, files: int = 2
) -> None:
    """Writes generated samples as ``files`` files for each part."""
    root.mkdir(parents=True, exist_ok=True)
    number = 0
    for part, size in sizes.items():
        for file in range(files):
            path = root / f"{part}-{file:05d}-of-{files:05d}.tfrecord"
            with tf.io.TFRecordWriter(str(path)) as writer:
                for _ in range(size // files + (file < size % files)):
                    writer.write(_example(kind, *kind.draw(tf.constant(number, tf.int64))))
                    number += 1
    (root / _INDEX).write_text(json.dumps(dict(sizes)) + "\n", encoding="utf-8")


def _example(kind: SampleKind, features: Mapping[str, Any], label: Any) -> bytes:
    if kind.next_words:
        ((name, field),) = kind.features.items()
        stored = {name: _bytes(tf.concat([features[name], label[-1:]], 0), field)}
    else:
        stored = {name: _bytes(features[name], field) for name, field in kind.features.items()}
        stored["label"] = _bytes(label, kind.label)
    feature = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for name, value in stored.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    written: bytes = example.SerializeToString()
    return written


def _bytes(value: Any, field: Field) -> bytes:
    if field.image:
        encoded: bytes = tf.io.encode_png(value).numpy()
        return encoded
    raw: bytes = tf.cast(value, field.stored_dtype).numpy().tobytes()
    return raw


def _value(stored: Any, field: Field) -> Any:
    if field.image:
        return decoded(stored, field.shape)
    numbers = tf.io.decode_raw(stored, field.stored_dtype)
    return tf.reshape(tf.cast(numbers, field.dtype), field.shape)


def _of_part(found: Sequence[File], part: Part) -> list[File]:
    named = [(file, file.url.rpartition("/")[2]) for file in found]
    return [
        file
        for file, name in named
        if name == f"{part}.tfrecord" or (name.startswith(f"{part}-") and "tfrecord" in name)
    ]


def _sizes(found: Sequence[File], by_part: Mapping[Part, list[File]]) -> dict[Part, int]:
    index = next((file for file in found if file.url.endswith(f"/{_INDEX}")), None)
    if index is None:
        with explained():
            return {
                part: sum(1 for _ in tfrecords(some)) if some else 0
                for part, some in by_part.items()
            }
    with explained(index.url):
        ((_, text),) = contents([index])
    try:
        stated = json.loads(text.numpy())
        return {part: int(stated.get(part, 0)) for part in _PARTS}
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"does not tell samples by part: {error}", where=index.url) from None
