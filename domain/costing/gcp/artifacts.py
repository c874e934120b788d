"""Artifact Registry: images and packages."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage


def repository(context: Context) -> Iterator[Usage]:
    """What a repository keeps."""
    yield context.kept("container_registry", "storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {"gcp:artifactregistry/repository:Repository": repository}
