"""What a provider measures and bills: machine lifetimes, bytes kept and moved, requests.

Each kind of usage is one small record in SI units. Services break down into charges: an
amount of one measure against one item of the price catalog. None is a quantity that nobody
knows; it ends as a gap in the bill, whereas 0 costs nothing.
"""

from __future__ import annotations

from domain.catalog.units import Measure
from domain.usage.charge import Charge, ServiceUse, Unpriceable, bands
from domain.usage.machines import MachineHours
from domain.usage.network import Egress, InterfaceEndpoint, LoadBalancer, NatGateway
from domain.usage.storage import DiskUsage, FileSystem, ObjectStorage

ServiceUsage = (
    ServiceUse
    | DiskUsage
    | ObjectStorage
    | FileSystem
    | Egress
    | NatGateway
    | LoadBalancer
    | InterfaceEndpoint
    | Unpriceable
    | Charge
)
Usage = MachineHours | ServiceUsage

__all__ = [
    "Charge",
    "DiskUsage",
    "Egress",
    "FileSystem",
    "InterfaceEndpoint",
    "LoadBalancer",
    "MachineHours",
    "Measure",
    "NatGateway",
    "ObjectStorage",
    "ServiceUsage",
    "ServiceUse",
    "Unpriceable",
    "Usage",
    "bands",
]
