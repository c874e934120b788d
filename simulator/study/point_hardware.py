"""The accelerator of a row as the step model sees it: rates at a precision, and its network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from domain.catalog import Accelerator, Catalog
from domain.errors import InputError
from simulator.models.collectives import switch_reduces
from simulator.models.precision import choose_precision, format_code

HARDWARE = (
    "peak_flops",
    "memory_bytes_per_second",
    "accelerator_memory_bytes",
    "element_bytes",
    "link_bytes_per_second",
    "network_bytes_per_second",
    "format_code",
    "link_is_pcie",
    "switch_reduces",
)
RATES = (
    "peak_flops",
    "memory_bytes_per_second",
    "element_bytes",
    "link_bytes_per_second",
)

_PRECISIONS = {
    "amp_bf16": "bf16",
    "amp_fp16": "fp16",
    "amp_fp8": "fp8",
    "fp16-amp": "fp16",
    "int8": "fp8",  # as many operations a second on every chip that has both
}
# Most logs of MLPerf do not state a precision: all mix 16 bit in, and transformers multiply in
# fp8 where NVIDIA's chip can (its submissions from round 2.1 on).
_UNSTATED = "mixed"


def accelerator_of(row: Mapping[str, Any], catalog: Catalog) -> tuple[Accelerator | None, str]:
    """What a row calls its accelerator, in the catalog, or why there is none."""
    name = row["canonical_accelerator"] or row["accelerator"]
    try:
        return catalog.accelerator(name, row["group"]), ""
    except InputError as error:
        return None, error.message


def hardware_of(chip: Accelerator, row: Mapping[str, Any]) -> tuple[dict[str, float], str, str]:
    """Rates of an accelerator at the precision of a row, its matrix format, or why not."""
    written = row["precision"].strip().lower()
    wanted = _PRECISIONS.get(written, written) or _UNSTATED
    if "see submission" in wanted:
        wanted = _UNSTATED
        if row["is_transformer"] and "fp8" in chip.peak_flops and chip.vendor == "nvidia":
            wanted = "fp8"
    try:
        choice = choose_precision(
            wanted, chip.peak_flops, strict_fp32=row["group"] != "DeepLearningExamples"
        )
    except InputError as error:
        return {}, "", error.message
    nothing = math.nan
    values = {
        "peak_flops": choice.peak_flops,
        "memory_bytes_per_second": chip.memory_bytes_per_second or nothing,
        "accelerator_memory_bytes": chip.memory_bytes or nothing,
        "element_bytes": choice.element_bytes,
        "link_bytes_per_second": chip.link_bytes_per_second or nothing,
        "network_bytes_per_second": chip.network_bytes_per_second or reference_network(chip.id),
        "format_code": float(format_code(choice.matrix_format)),
        "link_is_pcie": float(chip.link_kind.startswith("pcie")),
        "switch_reduces": float(switch_reduces(chip.link_kind)),
    }
    reason = f"{chip.id}: {choice.reason}" if choice.reason else ""
    return values, choice.matrix_format or "", reason


# NICs of the vendor's reference system, bytes per second of one node (system datasheets:
# DGX-1 4, DGX-2 8 × 100 Gbit/s; DGX A100 8 × 200; DGX H100, B200 8 × 400; GB200 tray 4 × 400).
_NODE_NETWORK = {
    "v100-sxm2-16gb": 50e9,
    "v100-sxm2-32gb": 100e9,
    "v100-sxm3-32gb": 100e9,
    "a100-sxm4-40gb": 200e9,
    "a100-sxm4-80gb": 200e9,
    "h100-sxm5-80gb": 400e9,
    "h200-sxm-141gb": 400e9,
    "b200-sxm-180gb": 400e9,
    "gb200": 200e9,
    "gaudi2": 37.5e9,
    "k80": 2.5e9,
}
_OTHER_NETWORK = 12.5e9


def reference_network(accelerator: str) -> float:
    """Bytes per second of all NICs of a node, where a table says nothing of the network."""
    return _NODE_NETWORK.get(accelerator, _OTHER_NETWORK)
