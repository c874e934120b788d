"""Operating systems that Compute Engine bills beside the machine, by the image that it starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.costing.context import Context
from domain.costing.gcp.parts import Surcharge
from domain.costing.values import text
from domain.usage import Usage

_WINDOWS = ("windows-cloud/", "windows-server", "family/windows")
_WITHOUT_A_PRICE = ("rhel-cloud/", "rhel-sap-cloud/", "suse-cloud/", "suse-sap-cloud/",
                    "windows-sql-cloud/")  # fmt: skip


def windows(images: Iterable[Any], vcpu: float | None) -> tuple[Surcharge, ...]:
    """The licence of Windows Server by the vCPU; how many a shared core counts is not known."""
    if not any(_is_of(image, _WINDOWS) for image in images):
        return ()
    return (("licence", "windows.vcpu", vcpu if vcpu is not None and vcpu >= 1 else None),)


def unpriced(context: Context, images: Iterable[Any]) -> Iterator[Usage]:
    """A gap for each operating system whose licence has no price here."""
    for image in images:
        if _is_of(image, _WITHOUT_A_PRICE):
            yield context.unpriceable("licence", f"no price of the image {image} is known")


def _is_of(image: Any, marks: tuple[str, ...]) -> bool:
    written = text(image) or ""
    return any(mark in written for mark in marks)
