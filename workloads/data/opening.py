"""The source that the settings ask for."""

from __future__ import annotations

from domain.errors import InputError
from workloads.data.folders import ImageFolder
from workloads.data.generated import Generated
from workloads.data.records import Records
from workloads.data.sample import SampleKind
from workloads.data.source import Source, divided
from workloads.readers import files
from workloads.settings import BenchmarkSettings


def open_source(settings: BenchmarkSettings, kind: SampleKind) -> Source:
    """Generated samples, a folder of images or TFRecord files.

    Raises:
        InputError: no such place, nothing in it, images for a model of something else.
    """
    if not settings.dataset:
        sizes = divided(settings.samples, settings.validation_share, settings.test_share)
        return Generated(kind, sizes, settings.keep_in_memory)
    root = settings.dataset
    images = any(field.image for field in kind.features.values())
    form = settings.format
    if form == "auto":
        records = not images or any(file.url.endswith(".tfrecord") for file in files(root))
        form = "tfrecord" if records else "folder"
    if form == "tfrecord":
        return Records(root, kind)
    if not images:
        raise InputError("a folder of images is for a model of images; use format=tfrecord here")
    return ImageFolder(
        root,
        kind,
        validation_share=settings.validation_share,
        test_share=settings.test_share,
        seed=settings.seed,
    )
