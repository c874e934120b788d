"""Image folders: a folder for each class, in folders of parts or divided here.

``DIR/train/cats/…`` with ``DIR/validation`` and ``DIR/test`` beside it is taken as it is;
``DIR/cats/…`` is divided by shares. Paths may be URLs that TensorFlow reads itself (``gs://``).
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

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
_PARTS: tuple[Part, ...] = ("train", "validation", "test")


class ImageFolder:
    """A source that reads, decodes and resizes images by their number."""

    def __init__(
        self, root: str, kind: SampleKind, *, validation_share: float, test_share: float, seed: int
    ) -> None:
        self.kind = kind
        self._files = _parts_of(root, validation_share, test_share, seed, len(kind.classes))
        self._sizes: dict[Part, int] = {part: len(files) for part, files in self._files.items()}
        some = [path for path, _ in self._files["train"]][:: max(1, self._sizes["train"] // 100)]
        self.read_bytes_per_sample = sum(tf.io.gfile.stat(path).length for path in some) / len(some)

    @property
    def sizes(self) -> Mapping[Part, int]:
        """Images of each part."""
        return self._sizes

    def batches(self, part: Part, order: Order) -> Any:
        """Endless batches of one part."""
        files = self._files[part]
        paths = tf.constant([path for path, _ in files], tf.string)
        labels = tf.constant([label for _, label in files], tf.int32)
        ((name, field),) = self.kind.features.items()

        def read(number: Any) -> tuple[dict[str, Any], Any]:
            image = decoded(tf.io.read_file(paths[number]), field.shape)
            return {name: image}, labels[number]

        return batches_by_number(order, len(files), 0, read, whole=False)


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
    root: str, validation_share: float, test_share: float, seed: int, classes: int
) -> dict[Part, list[tuple[str, int]]]:
    folders = _folders(root)
    if "train" in folders:
        found: dict[Part, list[tuple[str, int]]] = {
            part: _labelled(_joined(root, part), classes) if part in folders else []
            for part in _PARTS
        }
    else:
        files = _labelled(root, classes)
        random.Random(seed).shuffle(files)
        sizes = divided(len(files), validation_share, test_share)
        first = sizes["train"]
        second = first + sizes["validation"]
        found = {"train": files[:first], "validation": files[first:second], "test": files[second:]}
    if not found["train"]:
        raise InputError("holds no images to train on", where=root)
    return found


def _folders(root: str) -> list[str]:
    try:
        names = sorted(name.rstrip("/") for name in tf.io.gfile.listdir(root))
    except tf.errors.NotFoundError:
        raise InputError("there is no such folder of images", where=root) from None
    except tf.errors.OpError as error:
        raise InputError(f"cannot be read: {error.message}", where=root) from None
    return [name for name in names if tf.io.gfile.isdir(_joined(root, name))]


def _labelled(root: str, classes: int) -> list[tuple[str, int]]:
    names = _folders(root)
    if len(names) != classes:
        raise InputError(
            f"holds {len(names)} folders of classes ({', '.join(names[:5]) or 'none'}), where the "
            f"model tells {classes} apart",
            where=root,
        )
    return [
        (_joined(root, name, file), label)
        for label, name in enumerate(names)
        for file in sorted(tf.io.gfile.listdir(_joined(root, name)))
        if file.lower().endswith(_SUFFIXES)
    ]


def _joined(*parts: str) -> str:
    return "/".join(part.rstrip("/") for part in parts)
