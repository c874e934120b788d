"""What an EC2 instance is launched with, from wherever it is written down.

An instance, a launch template and a launch configuration name the machine, the market and
the disks in different words; groups and node groups add theirs on top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from domain.blueprint import TAG_MARKET
from domain.costing.context import KNOWN_LATER, Context
from domain.costing.nodes import Nodes, Tenancy, Volume
from domain.costing.values import block, blocks, number, text, truth, waits
from domain.costing.waiting import reason_of
from domain.environment import Market

CAPACITY_BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
PAID_AHEAD = "a capacity block is paid ahead, at the price of its offer"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"

# A raw volume without a type is gp2 (EC2 API reference, EbsBlockDevice), and images of Linux
# bring 8 GiB where nobody asks for more.
_USUAL_TYPE = "gp2"
_USUAL_GIB = 8.0
_DISK_KEYS = ("volumeType", "volumeSize", "iops", "throughput")
_LATER = Volume("", None, gap=f"what disk it is is {KNOWN_LATER}")
_SAID_OF = {
    "instanceMarketOptions": "market",
    "spotPrice": "market",
    "capacityType": "market",
    "tenancy": "tenancy",
    "placement": "tenancy",
    "placementTenancy": "tenancy",
}
_OWN_ADDRESSES = (
    "aws:ec2/eip:Eip",
    "aws:ec2/eipAssociation:EipAssociation",
)
_SUBNET = "aws:ec2/subnet:Subnet"
_PRODUCTS = {"standard": "magnetic"}
# Names that no image gives to the disk it starts from (EC2 user guide, "Device names for volumes").
_LATER_DEVICE = re.compile(r"(/dev/)?(sd|xvd)[b-z]\w*")
# Families that run beyond their baseline unless they are told not to (EC2 user guide, "Unlimited
# mode for burstable performance instances"); t2 has to be told to.
_UNLIMITED_FAMILIES = ("t3", "t3a", "t4g")
_BURSTABLE_FAMILIES = ("t2", *_UNLIMITED_FAMILIES)
# Detailed monitoring sends seven metrics of each instance (CloudWatch pricing, example 1).
_METRICS = 7


BlockOf = Literal["stack", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch specification; ``missing`` says why it names no machine, where it does not."""

    machine: str | None = None
    market: Market = "on_demand"
    volumes: tuple[Volume, ...] = ()
    has_root: bool = False
    """Whether the first of ``volumes`` is the disk that the node starts from."""
    tenancy: str | None = None
    windows: bool = False
    ebs_optimized: bool | None = None
    credits: str | None = None
    """What happens to a burstable machine that used up its credits: standard, unlimited."""
    detailed: bool = False
    public_addresses: int = 0
    block: BlockOf | None = None
    """Whose capacity block it runs in, where it runs in one: that is paid ahead."""
    stopped: bool = False
    unsure: str | None = None
    """Why nobody knows yet what its machine costs, though its type is known."""
    missing: str = f"the machine type is {KNOWN_LATER}"

    def nodes(self, count: int | None, market: Market | None = None) -> Nodes:
        """So many of them."""
        tenancies: dict[str | None, Tenancy] = {"dedicated": "dedicated", "host": "host"}
        tenancy = tenancies.get(self.tenancy, "shared")
        gap = self.missing if self.machine is None else self.unsure
        if self.block == "elsewhere":
            gap = gap or PAID_AHEAD
        return Nodes(
            machine=self.machine,
            count=count,
            market=market or self.market,
            volumes=self.volumes,
            gap=gap,
            detailed_metrics=_METRICS if self.detailed else 0,
            public_addresses=self.public_addresses,
            tenancy=tenancy,
            windows=self.windows,
            surcharges=() if tenancy == "host" or self.block else tuple(self._surcharges()),
            stopped=self.stopped,
            billed_as="" if self.block else None,
        )

    def _surcharges(self) -> Iterator[tuple[str, str, float | None]]:
        """Throughput to disks that old types sell apart, and processors beyond the baseline."""
        machine = self.machine or ""
        if self.ebs_optimized:
            yield "ebs_optimized", machine, 1.0
        family, _, _ = machine.partition(".")
        unlimited = self.credits == "unlimited" if self.credits else family in _UNLIMITED_FAMILIES
        if unlimited and family in _BURSTABLE_FAMILIES:
            yield "cpu_credits", family, None

    def with_root(self, context: Context, written: Mapping[str, Any] | None = None) -> Launch:
        """The launch with a disk to start from: the one that is written, else its own, else the
        one that its image brings."""
        waiting = context.is_waiting("rootBlockDevice")
        if not waiting and not written and (self.has_root or self.machine is None):
            return self
        others = self.volumes[1:] if self.has_root else self.volumes
        root = _LATER if waiting else volume(written or {}, context)
        return replace(self, volumes=(root, *others), has_root=True)


NOT_HERE = Launch(missing="its launch template is not in this stack")


def instance_launch(context: Context) -> Launch:
    """The launch of a single instance, over that of its template."""
    template = context.referred("launchTemplate", TEMPLATE)
    if template is not None:
        base = template_launch(template)
    else:
        base = NOT_HERE if block(context.get("launchTemplate")) else Launch()
    machine = text(context.get("instanceType"))
    if context.is_waiting("instanceType"):
        base = replace(base, machine=None, missing=f"the machine type is {KNOWN_LATER}")
    elif machine:
        base = replace(base, machine=machine)
    base = base.with_root(context, _root_of(context))
    # A host of this stack has no id yet in a preview, and is a host all the same.
    host = any(context.resource.inputs.get(key) for key in ("hostId", "hostResourceGroupArn"))
    return replace(
        base,
        market=_market(context, block(context.get("instanceMarketOptions")), base.market),
        volumes=(*base.volumes, *_further_volumes(context)),
        tenancy="host" if host else text(context.get("tenancy")) or base.tenancy,
        # Only Windows has a password that EC2 can tell.
        windows=truth(context.written("getPasswordData")),
        ebs_optimized=_either(context.get("ebsOptimized"), base.ebs_optimized),
        credits=_credits(context) or base.credits,
        detailed=bool(_either(context.get("monitoring"), base.detailed)),
        public_addresses=_public_addresses(context, base),
        stopped=text(context.resource.outputs.get("instanceState")) in ("stopped", "stopping"),
        block=block_of(context, block(context.get("instanceMarketOptions")).get("marketType"))
        or base.block,
        unsure=unsure(context, "instanceMarketOptions", "tenancy") or base.unsure,
    )


def _root_of(context: Context) -> Mapping[str, Any]:
    """The disk it starts from as it is written; what is not, as the cloud answered."""
    answered = block(context.resource.outputs.get("rootBlockDevice"))
    kept = {key: answered[key] for key in _DISK_KEYS if answered.get(key) is not None}
    return {**kept, **_plain(block(context.written("rootBlockDevice")))}


def _plain(written: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in dict.items(dict(written)) if value is not None}


def _public_addresses(context: Context, base: Launch) -> int:
    """One that the cloud gives; an address of one's own takes its place, and is billed itself."""
    if any(context.users(*_OWN_ADDRESSES)):
        return 0
    asked = context.written("associatePublicIpAddress")
    if asked is not None or context.is_waiting("associatePublicIpAddress"):
        return max(int(truth(asked)), base.public_addresses)
    given = text(context.resource.outputs.get("publicIp"))
    if given and any(given == text(each.get("publicIp")) for each in _addresses(context)):
        return 0
    subnet = context.referred("subnetId", _SUBNET)
    by_subnet = subnet is not None and truth(subnet.resource.get("mapPublicIpOnLaunch"))
    return max(int(bool(given) or by_subnet), base.public_addresses)


def _addresses(context: Context) -> Iterator[Context]:
    return context.survey.of_type(_OWN_ADDRESSES[0])


def template_launch(template: Context) -> Launch:
    """The launch that a launch template describes."""
    get = template.get
    devices_later = template.is_waiting("blockDeviceMappings")
    mappings = [each for each in blocks(get("blockDeviceMappings")) if block(each.get("ebs"))]
    mappings.sort(key=_comes_later)
    missing = f"the machine type is {KNOWN_LATER}"
    if block(get("instanceRequirements")):
        missing = "the machine is chosen at launch, by what it must have"
    elif not template.is_waiting("instanceType"):
        missing = "the launch template names no machine type"
    return Launch(
        machine=text(get("instanceType")),
        market=_market(template, block(get("instanceMarketOptions")), "on_demand"),
        volumes=(
            (_LATER,)
            if devices_later
            else tuple(volume(block(each.get("ebs")), template) for each in mappings)
        ),
        has_root=devices_later or (bool(mappings) and not _comes_later(mappings[0])),
        tenancy=text(block(get("placement")).get("tenancy")),
        ebs_optimized=truth(get("ebsOptimized")),
        credits=_credits(template),
        detailed=truth(block(get("monitoring")).get("enabled")),
        public_addresses=sum(
            truth(each.get("associatePublicIpAddress")) for each in blocks(get("networkInterfaces"))
        ),
        block=block_of(template, block(get("instanceMarketOptions")).get("marketType")),
        unsure=unsure(template, "instanceMarketOptions", "placement"),
        missing=missing,
    )


def configuration_launch(configuration: Context) -> Launch:
    """The launch that an old launch configuration describes."""
    detailed = configuration.written("enableMonitoring")
    root = block(configuration.written("rootBlockDevice"))
    return Launch(
        machine=text(configuration.get("instanceType")),
        market="spot" if text(configuration.get("spotPrice")) else "on_demand",
        volumes=(
            _LATER if configuration.is_waiting("rootBlockDevice") else volume(root, configuration),
            *_further_volumes(configuration),
        ),
        has_root=True,
        unsure=unsure(configuration, "spotPrice", "placementTenancy"),
        tenancy=text(configuration.get("placementTenancy")),
        ebs_optimized=truth(configuration.get("ebsOptimized")),
        # Unlike everywhere else, detailed monitoring is on unless it is refused.
        detailed=detailed is None or truth(detailed),
        public_addresses=_is_public(configuration),
    )


def block_of(context: Context, market: Any) -> BlockOf | None:
    """Whose capacity block a market of this name uses; a tag of ours says what it costs."""
    wanted = (text(market) or "").lower().replace("_", "-")
    if wanted != "capacity-block" or context.tags.get(TAG_MARKET) == "reserved":
        return None
    context.note("Machines in a capacity block are paid ahead, with the block.")
    return "stack" if any(context.survey.of_type(CAPACITY_BLOCK)) else "elsewhere"


def volume(written: Mapping[str, Any], context: Context) -> Volume:
    """One EBS volume; what is not written is what AWS takes."""
    later = [key for key in _DISK_KEYS if waits(written.get(key))]
    kind = text(written.get("volumeType")) or ("" if "volumeType" in later else _USUAL_TYPE)
    gib = number(written.get("volumeSize"))
    if written.get("volumeSize") is None:
        gib = _USUAL_GIB
        context.note(f"A disk without a size is taken to have {_USUAL_GIB:g} GiB.")
    return Volume(
        product=_PRODUCTS.get(kind, kind),
        gib=gib,
        iops=number(written.get("iops")),
        throughput_mb_per_s=number(written.get("throughput")),
        gap=reason_of(later) if later else None,
    )


def _credits(context: Context) -> str | None:
    return text(block(context.written("creditSpecification")).get("cpuCredits"))


def _either(written: Any, otherwise: bool | None) -> bool | None:
    """What an instance says itself wins over its template, also where it refuses."""
    return otherwise if written is None else truth(written)


def _is_public(context: Context) -> int:
    return int(truth(context.written("associatePublicIpAddress")))


def _comes_later(mapping: Mapping[str, Any]) -> bool:
    return _LATER_DEVICE.fullmatch(text(mapping.get("deviceName")) or "") is not None


def unsure(context: Context, *names: str) -> str | None:
    """Why the price of a machine is not known yet: its market or its tenancy."""
    for name in names:
        written = context.resource.inputs.get(name)
        inner = [block(written).get(key) for key in ("marketType", "tenancy")]
        if any(map(waits, (written, *inner))):
            return f"the {_SAID_OF[name]} of the machine is {KNOWN_LATER}"
    return None


def _further_volumes(context: Context) -> Iterator[Volume]:
    if context.is_waiting("ebsBlockDevices"):
        yield _LATER
    for device in blocks(context.written("ebsBlockDevices")):
        yield volume(device, context)


def _market(context: Context, options: Mapping[str, Any], otherwise: Market) -> Market:
    if context.tags.get(TAG_MARKET) == "reserved":
        return "reserved"
    return "spot" if options.get("marketType") == "spot" else otherwise
