"""Where the hosts of a group stand to each other, and the capacity that is kept for them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from domain import blueprint
from stacks.gcp.machine_type import MachineType
from stacks.gcp.pool import PoolArgs

# A spread policy knows eight availability domains (Compute Engine, "Placement policies").
_DOMAINS = 8


@dataclass(frozen=True)
class Placement:
    """A policy: of each host (``hosts``), or of the group as a whole (``group``)."""

    hosts: pulumi.Output[str] | None = None
    group: pulumi.Output[str] | None = None


def declare_placement(
    args: PoolArgs, machine_type: MachineType, opts: pulumi.ResourceOptions
) -> Placement:
    """The policy that ``placement`` asks for, or a warning where the machine type takes none."""
    pool = args.pool
    if pool.placement == "none":
        return Placement()
    policy_name = args.context.names.prefix(f"{args.name}-placement")
    if pool.placement == "cluster" and machine_type.is_clustered:
        policy = compute.ResourcePolicy(
            policy_name,
            region=args.place.region,
            workload_policy=compute.ResourcePolicyWorkloadPolicyArgs(type="HIGH_THROUGHPUT"),
            opts=opts,
        )
        return Placement(group=policy.self_link)
    possible = (
        machine_type.can_be_compact if pool.placement == "cluster" else (machine_type.can_be_spread)
    )
    # The provider cannot yet give a reservation the policy that its hosts would need.
    if not possible or pool.reservation is not None:
        reason = "in a reservation" if possible else f"of {machine_type.name}"
        pulumi.log.warn(
            f"pool '{args.name}': hosts {reason} take no placement policy; "
            f"placement '{pool.placement}' is left out"
        )
        return Placement()
    # Neither depends on the size: a policy that hosts use cannot be replaced.
    together = compute.ResourcePolicyGroupPlacementPolicyArgs(collocation="COLLOCATED")
    apart = compute.ResourcePolicyGroupPlacementPolicyArgs(availability_domain_count=_DOMAINS)
    policy = compute.ResourcePolicy(
        policy_name,
        region=args.place.region,
        group_placement_policy=together if pool.placement == "cluster" else apart,
        opts=opts,
    )
    return Placement(hosts=policy.id)


def reserve(
    args: PoolArgs,
    machine_type: MachineType,
    zone: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> compute.RegionInstanceTemplateReservationAffinityArgs:
    """What capacity the hosts may use, made here where the environment says ``new``.

    Args:
        zone: where a new reservation is.
    """
    pool = args.pool
    if pool.reservation is None:
        any_or_none = "NO_RESERVATION" if pool.market == "spot" else "ANY_RESERVATION"
        return compute.RegionInstanceTemplateReservationAffinityArgs(type=any_or_none)
    reservation: pulumi.Input[str] = pool.reservation
    if pool.reservation == "new":
        attached = compute.ReservationSpecificReservationInstancePropertiesGuestAcceleratorArgs(
            accelerator_type=machine_type.attached or "",
            accelerator_count=machine_type.attached_count,
        )
        reservation = compute.Reservation(
            args.context.names.prefix(f"{args.name}-capacity"),
            zone=zone,
            specific_reservation_required=True,
            specific_reservation=compute.ReservationSpecificReservationArgs(
                count=blueprint.pool_size(pool),
                instance_properties=compute.ReservationSpecificReservationInstancePropertiesArgs(
                    machine_type=machine_type.name,
                    guest_accelerators=[attached] if machine_type.attached else None,
                ),
            ),
            opts=opts,
        ).name
    return compute.RegionInstanceTemplateReservationAffinityArgs(
        type="SPECIFIC_RESERVATION",
        specific_reservation=compute.RegionInstanceTemplateReservationAffinitySpecificReservationArgs(
            key="compute.googleapis.com/reservation-name", values=[reservation]
        ),
    )
