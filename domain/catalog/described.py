"""A description of an accelerator as a record of the catalog."""

from __future__ import annotations

from domain.catalog.records import DESCRIBED, Accelerator
from domain.described import DescribedAccelerator


def described_accelerator(described: DescribedAccelerator) -> Accelerator:
    """The record that models read; what a description does not say stays unknown."""
    return Accelerator(
        id=described.id,
        vendor="",
        memory_bytes=described.memory,
        memory_bytes_per_second=described.memory_bandwidth,
        peak_flops={str(name): peak for name, peak in described.peak_flops.items()},
        link_kind="" if described.link is None else DESCRIBED,
        link_bytes_per_second=described.link,
        links=None,
        tdp_watts=None,
        measured_bf16_flops=None,
        frameworks=described.frameworks,
        tensorflow_support="",
        tensorflow_reason=None,
        confidence=DESCRIBED,
        source="",
        as_of=None,
        note=None,
        network_bytes_per_second=described.network,
    )
