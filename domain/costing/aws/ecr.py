"""Amazon ECR: images of containers."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage


def repository(context: Context) -> Iterator[Usage]:
    """Images that are kept."""
    yield context.kept("container_registry", "storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "aws:ecr/repository:Repository": repository,
    "aws:ecrpublic/repository:Repository": repository,
}
