"""What Compute Engine has to be told of a machine of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from domain.catalog import Machine

# Accelerators that are attached to N1 machines; every other machine type has its own
# (Compute Engine documentation, "GPU machine types").
_ATTACHED = {
    "p100": "nvidia-tesla-p100",
    "t4": "nvidia-tesla-t4",
    "v100": "nvidia-tesla-v100",
}
# Machine series that placement policies take (Compute Engine documentation, "Placement
# policies overview"); types with eight clustered GPUs take a workload policy instead.
_COMPACT_SERIES = {"a2", "a3", "c2", "c2d", "c3", "c3d", "c4", "g2", "g4", "n2", "n2d"}
_SPREAD_SERIES = {"c2", "c2d", "g2", "n1", "n2", "n2d"}
_CLUSTERED = {"a3-highgpu-8g", "a3-megagpu-8g", "a3-ultragpu-8g", "a4-highgpu-8g"}

# The driver, CUDA and the Ubuntu that Managed Lustre has a client for.
_GPU_IMAGE = (
    "projects/deeplearning-platform-release/global/images/family/"
    "common-cu129-ubuntu-2204-nvidia-580"
)
_CPU_IMAGE = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts"


@dataclass(frozen=True, slots=True)
class MachineType:
    """A machine type, with the accelerators that are attached to it."""

    name: str
    attached: str | None = None
    attached_count: int = 0

    @property
    def series(self) -> str:
        """``a3``, ``n1``, …"""
        return self.name.partition("-")[0]

    @property
    def is_clustered(self) -> bool:
        """Whether groups of it are placed by a workload policy."""
        return self.name in _CLUSTERED

    @property
    def can_be_compact(self) -> bool:
        """Whether a placement policy can keep machines close to each other."""
        return self.series in _COMPACT_SERIES

    @property
    def can_be_spread(self) -> bool:
        """Whether a placement policy can keep machines apart."""
        return self.series in _SPREAD_SERIES


def machine_type(name: str) -> MachineType:
    """The machine type of a catalog's name; ``n1-standard-8+t4x1`` has one T4 attached."""
    host, _, accelerators = name.partition("+")
    if not accelerators:
        return MachineType(host)
    kind, _, count = accelerators.rpartition("x")
    return MachineType(host, _ATTACHED[kind], int(count))


def usual_image(machine: Machine) -> str:
    """The image of hosts whose pool names none."""
    return _GPU_IMAGE if machine.accelerator_count else _CPU_IMAGE
