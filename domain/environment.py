"""What is provisioned: the environment that `pulumi up` deploys and the simulator flies.

An environment is exactly the structured Pulumi config of a stack, one object under the
key ``windtunnel:environment``. Disks, storage and network are named by what they are
for, not by one provider's product, so that an environment can move between clouds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    Tag,
    model_validator,
)

from domain.described import AcceleratorChoice
from domain.frozen import Frozen
from domain.quantity import (
    Bytes,
    BytesPerSecond,
    PositiveBytes,
    PositiveSeconds,
    Seconds,
    UsdPerHour,
)

Provider = Literal["aws", "gcp", "custom"]
Market = Literal["on_demand", "spot", "reserved"]


class CustomMachine(Frozen):
    """A machine that no catalog has: on-premises, or a node of a trace."""

    accelerators: Annotated[int, Field(ge=0, le=10_000)]
    accelerator: AcceleratorChoice | None = None
    """Canonical id or alias of the accelerator, or a description of one that no catalog has;
    needed where a model predicts on it."""
    vcpu: PositiveInt | None = None
    memory: PositiveBytes | None = None
    network: BytesPerSecond | None = None
    local_nvme: Bytes = 0.0
    price: UsdPerHour | None = None
    """What one hour costs; unknown stays unpriced in the bill."""


class Disk(Frozen):
    """The boot and scratch disk of each node.

    ``balanced`` is gp3 on AWS and pd-balanced on GCP, ``ssd`` is io2 and pd-ssd,
    ``standard`` is st1 and pd-standard.
    """

    kind: Literal["balanced", "ssd", "standard"] = "balanced"
    size: PositiveBytes = 200e9
    iops: PositiveInt | None = None
    """Provisioned operations per second, where the product sells them; else what is usual."""


def _machine_tag(value: object) -> str:
    return "catalog" if isinstance(value, str) else "custom"


MachineChoice = Annotated[
    Annotated[str, Tag("catalog")] | Annotated[CustomMachine, Tag("custom")],
    Discriminator(_machine_tag),
]


class Pool(Frozen):
    """An instance group: nodes of one machine type, bought on one market."""

    machine: MachineChoice
    count: Annotated[int, Field(gt=0, le=100_000)] | None = None
    """Nodes; TPU slices count as one node each. Either this, or ``min`` and ``max``."""
    min: NonNegativeInt | None = None
    max: PositiveInt | None = None
    initial: NonNegativeInt | None = None
    market: Market = "on_demand"
    disk: Disk = Disk()
    placement: Literal["none", "cluster", "spread"] = "none"
    """Where the provider puts the nodes; deployed, not simulated. ``cluster`` also brings the
    network between accelerators (EFA, GPUDirect) where the machine has one."""
    alternatives: tuple[str, ...] = ()
    """Machine types that may stand in when a spot node cannot be had; deployed, not simulated."""
    reservation: str | None = None
    """``new`` reserves capacity for the pool's nodes, at the price of nodes that run; an id uses a
    reservation (or capacity block) that is there already."""
    image: str | None = None
    """Machine image, or runtime version of a TPU; otherwise the provider's for deep learning."""
    region: str | None = None
    """A region of its own; otherwise the environment's."""
    provisioning: Seconds | None = None
    """Mean time from asking for a node until it takes work; clouds take minutes, a cluster
    of one's own none."""

    @model_validator(mode="after")
    def _sized_one_way(self) -> Pool:
        elastic = (self.min, self.max)
        if self.count is not None and (elastic != (None, None) or self.initial is not None):
            raise ValueError("give either 'count', or 'min' and 'max', not both")
        if self.count is None and None in elastic:
            raise ValueError("give 'count' for a fixed pool, or 'min' and 'max' for an elastic one")
        if self.min is not None and self.max is not None:
            if self.min > self.max:
                raise ValueError(f"'min' {self.min} is more than 'max' {self.max}")
            if self.initial is not None and not self.min <= self.initial <= self.max:
                raise ValueError(f"'initial' {self.initial} is not between 'min' and 'max'")
        return self


class ObjectStore(Frozen):
    """A bucket. Without a size, what the workloads need is what it holds."""

    kind: Literal["object_store"]
    size: Bytes | None = None
    storage_class: Literal["standard", "infrequent", "archive"] = "standard"
    region: str | None = None
    existing: str | None = None
    """Name of a bucket that is there already; it is used, and nothing is made."""
    expire: PositiveSeconds | None = None
    """Objects are deleted after this time; otherwise they are kept."""


class SharedFileSystem(Frozen):
    """A parallel file system (FSx for Lustre, Managed Lustre); sold in steps, so rounded up."""

    kind: Literal["file_system"]
    size: PositiveBytes
    throughput_per_tib: BytesPerSecond = 125e6


class LocalCache(Frozen):
    """The nodes' own NVMe disks as a cache of the dataset: the first epoch fills it."""

    kind: Literal["local_nvme"]
    size: Bytes | None = None
    """Per node; without it, all the local NVMe that the machine has."""


Storage = Annotated[ObjectStore | SharedFileSystem | LocalCache, Field(discriminator="kind")]


class Network(Frozen):
    """What stands between the nodes and everything else."""

    nat: Literal["none", "single", "per_zone"] = "none"
    endpoints: tuple[Literal["object_store", "session"], ...] = ("object_store",)
    """Private endpoints; object-store traffic without one goes through the NAT gateway, and
    sessions on hosts need ``session`` where there is no NAT."""
    load_balancer: Literal["none", "application", "network"] = "none"
    certificate: str | None = None
    """What an application load balancer shows its clients: an ARN, or a GCP resource name."""
    cidr: str = "10.0.0.0/16"
    """Private addresses; half of them go to the subnets with the nodes."""
    vpc: str | None = None
    """Id of a VPC (GCP: name of a network) that is there already, with its ``subnets``."""
    subnets: tuple[str, ...] = ()
    """Ids of private subnets of ``vpc``, one for each zone in use."""


class Governance(Frozen):
    """Rules that hold whatever is deployed."""

    budget: UsdPerHour | None = None
    """Where the provider raises an alarm; ``goal.budget`` is what a choice must keep to."""
    alert_emails: tuple[str, ...] = ()
    """Who hears of alarms: idle accelerators, failed hosts, spend."""
    tags: dict[str, str] = Field(default_factory=dict)
    encryption: Literal["provider_key", "managed_key"] = "managed_key"
    key: str | None = None
    """ARN or resource name of a key that is there already; ``managed_key`` makes one otherwise."""
    audit: bool = False
    deletion_protection: bool = False
    allowed_regions: tuple[str, ...] | None = None


class Environment(Frozen):
    """Pools, storage, network and governance in one region of one provider."""

    provider: Provider
    region: str | None = None
    zones: tuple[str, ...] = ()
    pools: dict[str, Pool] = Field(min_length=1)
    storage: dict[str, Storage] = Field(default_factory=dict)
    network: Network = Network()
    governance: Governance = Governance()

    @model_validator(mode="after")
    def _somewhere(self) -> Environment:
        if self.provider != "custom" and not self.region:
            example = "us-east-1" if self.provider == "aws" else "us-central1"
            raise ValueError(f"provider '{self.provider}' needs a 'region', like '{example}'")
        return self

    def pool_region(self, name: str) -> str | None:
        """Where the nodes of a pool stand."""
        return self.pools[name].region or self.region
