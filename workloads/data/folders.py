"""Image folders: a folder for each class, in folders of parts or divided here.

``DIR/train/cats/…`` with ``DIR/validation`` and ``DIR/test`` beside it is taken as it is;
``DIR/cats/…`` is divided by shares. ``DIR`` is a local path, ``gs://…`` or ``s3://…``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from domain.errors import InputError
from workloads.data.sample import SampleKind
from workloads.data.source import Order, Part, batches_by_number, divided
from workloads.readers import File, contents, files
from workloads.readers.locations import kind as kind_of
from workloads.readers.locations import local_path, one_kind

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
_PARTS: tuple[Part, ...] = ("train", "validation", "test")


class ImageFolder:
    """A source that reads, decodes and resizes images.

    Local files and those of ``gs://`` are read by their number, in another order every epoch.
    Those of ``s3://`` are streamed in one shuffled order, from the place where a run goes on.
    """

    def __init__(
        self, root: str, kind: SampleKind, *, validation_share: float, test_share: float, seed: int
    ) -> None:
        self.kind = kind
        self._files = _parts_of(root, len(kind.classes), validation_share, test_share, seed)
        self._sizes: dict[Part, int] = {part: len(found) for part, found in self._files.items()}
        train = self._files["train"]
        self.read_bytes_per_sample = sum(file.size_bytes for file, _ in train) / len(train)

    @property
    def sizes(self) -> Mapping[Part, int]:
        """Images of each part."""
        return self._sizes

    def batches(self, part: Part, order: Order) -> Any:
        """Endless batches of one part."""
        found = self._files[part]
        ((name, field),) = self.kind.features.items()
        if one_kind([file for file, _ in found]) == "s3":
            return self._streamed(found, order)
        paths = tf.constant([file.url.removeprefix("file://") for file, _ in found], tf.string)
        labels = tf.constant([label for _, label in found], tf.int32)

        def read(number: Any) -> tuple[dict[str, Any], Any]:
            image = decoded(tf.io.read_file(paths[number]), field.shape)
            return {name: image}, labels[number]

        return batches_by_number(order, len(found), 0, read, whole=False)

    def _streamed(self, found: list[tuple[File, int]], order: Order) -> Any:
        ((name, field),) = self.kind.features.items()
        done = order.first_step * order.global_batch % len(found)
        turned = (found[done:] + found[:done])[order.pipeline :: order.pipelines]
        read = contents([file for file, _ in turned])
        labels = tf.data.Dataset.from_tensor_slices([label for _, label in turned])

        def sample(named: tuple[Any, Any], label: Any) -> tuple[dict[str, Any], Any]:
            return {name: decoded(named[1], field.shape)}, label

        samples = tf.data.Dataset.zip((read, labels)).repeat()
        samples = samples.map(sample, num_parallel_calls=tf.data.AUTOTUNE)
        return samples.batch(order.batch, drop_remainder=True)


def decoded(encoded: Any, shape: tuple[int, ...]) -> Any:
    """An encoded image as 8 bit of ``shape``, resized where it has another size."""
    height, width, channels = shape
    image = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    image = tf.image.resize(tf.ensure_shape(image, (None, None, channels)), (height, width))
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)


def write_image_folder(root: Path, kind: SampleKind, sizes: Mapping[Part, int]) -> None:
    """Writes generated images as ``root/part/class/number.png``."""
    ((name, _),) = kind.features.items()
    number = 0
    for part, size in sizes.items():
        for each in kind.classes:
            (root / part / each).mkdir(parents=True, exist_ok=True)
        for _ in range(size):
            features, label = kind.draw(tf.constant(number, tf.int64))
            path = root / part / kind.classes[int(label)] / f"{number:06d}.png"
            tf.io.write_file(str(path), tf.io.encode_png(features[name]))
            number += 1


def _parts_of(
    root: str, classes: int, validation_share: float, test_share: float, seed: int
) -> dict[Part, list[tuple[File, int]]]:
    """Files and their classes by part, shuffled once."""
    base = (str(local_path(root)) if kind_of(root) == "local" else root).rstrip("/") + "/"
    named = [(file, file.url.removeprefix(base).split("/")) for file in files(base)]
    images = [(file, names) for file, names in named if names[-1].lower().endswith(_SUFFIXES)]
    in_parts = any(names[0] == "train" and len(names) > 2 for _, names in images)
    depth = 1 if in_parts else 0
    inside = [(file, names) for file, names in images if len(names) > depth + 1]
    known = sorted({names[depth] for _, names in inside if not in_parts or names[0] in _PARTS})
    if len(known) != classes:
        raise InputError(
            f"holds {len(known)} folders of classes ({', '.join(known[:5]) or 'none'}), where the "
            f"model tells {classes} apart",
            where=root,
        )
    random.Random(seed).shuffle(inside)
    labelled = [
        (file, known.index(names[depth])) for file, names in inside if names[depth] in known
    ]
    if in_parts:
        parts = [names[0] for _, names in inside if names[depth] in known]
        return {
            part: [each for each, here in zip(labelled, parts, strict=True) if here == part]
            for part in _PARTS
        }
    sizes = divided(len(labelled), validation_share, test_share)
    first = sizes["train"]
    second = first + sizes["validation"]
    return {
        "train": labelled[:first],
        "validation": labelled[first:second],
        "test": labelled[second:],
    }
