"""What an EC2 instance is launched with, from wherever it is written down.

An instance, a launch template and a launch configuration name the machine, the market and
the disks in different words; groups and node groups add theirs on top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.blueprint import TAG_MARKET
from domain.costing.context import KNOWN_LATER, Context
from domain.costing.nodes import Nodes, Tenancy, Volume
from domain.costing.values import block, blocks, number, text, truth
from domain.environment import Market

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"

# A raw volume without a type is gp2 (EC2 API reference, EbsBlockDevice), and images of Linux
# bring 8 GiB where nobody asks for more.
_USUAL_TYPE = "gp2"
_USUAL_GIB = 8.0
_PRODUCTS = {"standard": "magnetic"}
# Names that no image gives to the disk it starts from (EC2 user guide, "Device names for volumes").
_LATER_DEVICE = re.compile(r"(/dev/)?(sd|xvd)[b-z]\w*")
# Families that run beyond their baseline unless they are told not to (EC2 user guide, "Unlimited
# mode for burstable performance instances"); t2 has to be told to.
_UNLIMITED_FAMILIES = ("t3", "t3a", "t4g")
_BURSTABLE_FAMILIES = ("t2", *_UNLIMITED_FAMILIES)
# Detailed monitoring sends seven metrics of each instance (CloudWatch pricing, example 1).
_METRICS = 7


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
    missing: str = f"the machine type is {KNOWN_LATER}"

    def nodes(self, count: int | None, market: Market | None = None) -> Nodes:
        """So many of them."""
        tenancies: dict[str | None, Tenancy] = {"dedicated": "dedicated", "host": "host"}
        tenancy = tenancies.get(self.tenancy, "shared")
        return Nodes(
            machine=self.machine,
            count=count,
            market=market or self.market,
            volumes=self.volumes,
            gap=self.missing if self.machine is None else None,
            detailed_metrics=_METRICS if self.detailed else 0,
            public_addresses=self.public_addresses,
            tenancy=tenancy,
            windows=self.windows,
            surcharges=() if tenancy == "host" else tuple(self._surcharges()),
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
        if not written and (self.has_root or self.machine is None):
            return self
        others = self.volumes[1:] if self.has_root else self.volumes
        return replace(self, volumes=(volume(written or {}, context), *others), has_root=True)


NOT_HERE = Launch(missing="its launch template is not in this stack")


def instance_launch(context: Context) -> Launch:
    """The launch of a single instance, over that of its template."""
    template = context.referred("launchTemplate", TEMPLATE)
    if template is not None:
        base = template_launch(template)
    else:
        base = NOT_HERE if block(context.get("launchTemplate")) else Launch()
    base = replace(base, machine=text(context.get("instanceType")) or base.machine)
    base = base.with_root(context, block(context.resource.inputs.get("rootBlockDevice")))
    host = text(context.get("hostId")) or text(context.get("hostResourceGroupArn"))
    return replace(
        base,
        market=_market(context, block(context.get("instanceMarketOptions")), base.market),
        volumes=(*base.volumes, *_further_volumes(context)),
        tenancy="host" if host else text(context.get("tenancy")) or base.tenancy,
        # Only Windows has a password that EC2 can tell.
        windows=truth(context.resource.inputs.get("getPasswordData")),
        ebs_optimized=_either(context.get("ebsOptimized"), base.ebs_optimized),
        credits=_credits(context) or base.credits,
        detailed=bool(_either(context.get("monitoring"), base.detailed)),
        public_addresses=max(_is_public(context.resource.inputs), base.public_addresses),
    )


def template_launch(template: Context) -> Launch:
    """The launch that a launch template describes."""
    get = template.get
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
        volumes=tuple(volume(block(each.get("ebs")), template) for each in mappings),
        has_root=bool(mappings) and not _comes_later(mappings[0]),
        tenancy=text(block(get("placement")).get("tenancy")),
        ebs_optimized=truth(get("ebsOptimized")),
        credits=_credits(template),
        detailed=truth(block(get("monitoring")).get("enabled")),
        public_addresses=sum(_is_public(each) for each in blocks(get("networkInterfaces"))),
        missing=missing,
    )


def configuration_launch(configuration: Context) -> Launch:
    """The launch that an old launch configuration describes."""
    detailed = configuration.resource.inputs.get("enableMonitoring")
    root = block(configuration.resource.inputs.get("rootBlockDevice"))
    return Launch(
        machine=text(configuration.get("instanceType")),
        market="spot" if text(configuration.get("spotPrice")) else "on_demand",
        volumes=(volume(root, configuration), *_further_volumes(configuration)),
        has_root=True,
        tenancy=text(configuration.get("placementTenancy")),
        ebs_optimized=truth(configuration.get("ebsOptimized")),
        # Unlike everywhere else, detailed monitoring is on unless it is refused.
        detailed=detailed is None or truth(detailed),
        public_addresses=_is_public(configuration.resource.inputs),
    )


def volume(written: Mapping[str, Any], context: Context) -> Volume:
    """One EBS volume; what is not written is what AWS takes."""
    kind = text(written.get("volumeType")) or _USUAL_TYPE
    gib = number(written.get("volumeSize"))
    if written.get("volumeSize") is None:
        gib = _USUAL_GIB
        context.note(f"A disk without a size is taken to have {_USUAL_GIB:g} GiB.")
    return Volume(
        product=_PRODUCTS.get(kind, kind),
        gib=gib,
        iops=number(written.get("iops")),
        throughput_mb_per_s=number(written.get("throughput")),
    )


def _credits(context: Context) -> str | None:
    return text(block(context.resource.inputs.get("creditSpecification")).get("cpuCredits"))


def _either(written: Any, otherwise: bool | None) -> bool | None:
    """What an instance says itself wins over its template, also where it refuses."""
    return otherwise if written is None else truth(written)


def _is_public(written: Mapping[str, Any]) -> int:
    return int(truth(written.get("associatePublicIpAddress")))


def _comes_later(mapping: Mapping[str, Any]) -> bool:
    return _LATER_DEVICE.fullmatch(text(mapping.get("deviceName")) or "") is not None


def _further_volumes(context: Context) -> Iterator[Volume]:
    for device in blocks(context.resource.inputs.get("ebsBlockDevices")):
        yield volume(device, context)


def _market(context: Context, options: Mapping[str, Any], otherwise: Market) -> Market:
    if context.tags.get(TAG_MARKET) == "reserved":
        return "reserved"
    return "spot" if options.get("marketType") == "spot" else otherwise
