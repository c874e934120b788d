"""The launch template of a pool: everything about one node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.catalog import Machine
from domain.environment import Pool
from stacks.aws.images import image_id, root_device
from stacks.aws.network import Place
from stacks.names import Names

_VOLUME_TYPES = {"balanced": "gp3", "ssd": "io2"}
# Cards that take traffic of EFA only, next to an ordinary interface on the first card (EC2 user
# guide, "Maximize network bandwidth on instances with multiple network cards").
_EFA_ONLY_FAMILIES = ("p5", "p5e", "p5en", "p6-b200", "p6-b300", "trn2")
_FIRST_CARD_WITHOUT_EFA = ("p6-b300",)
_SEVERAL_CARDS = 4


@dataclass(frozen=True)
class Interface:
    """One network interface: its type, its card, and which device of the card it is."""

    kind: str | None
    card: int
    device: int


@dataclass(frozen=True)
class LaunchArgs:
    """What a node is made of."""

    pool: Pool
    machine: Machine
    place: Place
    names: Names
    tags: dict[str, str]
    profile_arn: Any
    user_data: Any
    key_arn: Any
    placement_group: Any
    """Name; None for none."""
    reservation_id: Any


def interfaces(machine: Machine, placement: str) -> tuple[Interface, ...]:
    """The interfaces of a node that is placed in a cluster; empty for one ordinary interface."""
    count = machine.efa_interfaces
    if placement != "cluster" or count == 0:
        return ()
    if machine.family in _EFA_ONLY_FAMILIES and count > _SEVERAL_CARDS:
        first = 1 if machine.family in _FIRST_CARD_WITHOUT_EFA else 0
        return (
            Interface(None, 0, 0),
            *(
                Interface("efa-only", card, 1 if card == 0 else 0)
                for card in range(first, first + count)
            ),
        )
    return tuple(Interface("efa", card, min(card, 1)) for card in range(count))


def declare_launch_template(name: str, args: LaunchArgs, *, parent: Any) -> Any:
    """The template of a pool's nodes."""
    cards = interfaces(args.machine, args.pool.placement)
    return aws.ec2.LaunchTemplate(
        name,
        name_prefix=f"{args.names.prefix(name)}-",
        image_id=image_id(args.pool.image, args.machine),
        instance_type=args.machine.name,
        ebs_optimized="true",
        update_default_version=True,
        user_data=args.user_data,
        iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=args.profile_arn),
        # One hop: a container that does not share the node's network cannot take its role.
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        # Detailed monitoring is charged; what matters comes from the agent.
        monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=False),
        block_device_mappings=[_root_disk(args, parent)],
        vpc_security_group_ids=None if cards else [args.place.security_group_id],
        network_interfaces=_network_interfaces(cards, args.place) or None,
        placement=None
        if args.placement_group is None
        else aws.ec2.LaunchTemplatePlacementArgs(group_name=args.placement_group),
        instance_market_options=_market(args.pool),
        capacity_reservation_specification=_reservation(args.reservation_id),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=args.tags)
            for kind in ("instance", "volume", "network-interface")
        ],
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _root_disk(args: LaunchArgs, parent: Any) -> Any:
    product = _VOLUME_TYPES[args.pool.disk.kind]
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=root_device(args.pool.image, parent),
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type=product,
            volume_size=blueprint.disk_gib(args.pool.disk),
            iops=blueprint.disk_iops(args.pool.disk, product),
            encrypted="true",
            kms_key_id=args.key_arn,
            delete_on_termination="true",
        ),
    )


def _network_interfaces(cards: Sequence[Interface], place: Place) -> list[Any]:
    return [
        aws.ec2.LaunchTemplateNetworkInterfaceArgs(
            interface_type=card.kind,
            network_card_index=card.card,
            device_index=card.device,
            security_groups=[place.security_group_id],
            delete_on_termination="true",
        )
        for card in cards
    ]


def _market(pool: Pool) -> Any:
    """Spot by itself; among alternatives the group buys, and capacity blocks are paid ahead."""
    if pool.market == "spot" and not pool.alternatives:
        return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(
            market_type="spot",
            spot_options=aws.ec2.LaunchTemplateInstanceMarketOptionsSpotOptionsArgs(
                spot_instance_type="one-time", instance_interruption_behavior="terminate"
            ),
        )
    if is_capacity_block(pool):
        return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")
    return None


def is_capacity_block(pool: Pool) -> bool:
    """Whether a given reservation is a capacity block: one that is paid for ahead.

    Ids look alike; what tells them is the market ``reserved`` of the pool. A reservation that
    is billed while it stands is used with the market ``on_demand``.
    """
    return pool.market == "reserved" and pool.reservation not in (None, "new")


def _reservation(reservation_id: Any) -> Any:
    if reservation_id is None:
        return None
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        capacity_reservation_id=reservation_id
    )
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=target
    )
