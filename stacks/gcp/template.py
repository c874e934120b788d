"""The instance template of a group: what each of its hosts is."""

from __future__ import annotations

import pulumi
from pulumi_gcp import compute

from domain import blueprint
from domain.catalog import load_catalog
from stacks.gcp.accounts import CLOUD_PLATFORM
from stacks.gcp.firewall import host_tags
from stacks.gcp.keys import after_grants
from stacks.gcp.machine_type import MachineType, usual_image
from stacks.gcp.placement import Placement
from stacks.gcp.pool import PoolArgs


def declare_template(
    args: PoolArgs,
    machine_type: MachineType,
    account: pulumi.Input[str],
    placement: Placement,
    affinity: compute.RegionInstanceTemplateReservationAffinityArgs,
    gpu_interfaces: list[compute.RegionInstanceTemplateNetworkInterfaceArgs],
    opts: pulumi.ResourceOptions,
) -> compute.RegionInstanceTemplate:
    """A template for private hosts with an encrypted boot disk.

    Local NVMe that belongs to a machine type comes with it; optional disks are not attached,
    since nothing in the environment buys them.
    """
    machine = args.machine
    return compute.RegionInstanceTemplate(
        args.context.names.prefix(args.name),
        region=args.place.region,
        machine_type=machine_type.name,
        guest_accelerators=[
            compute.RegionInstanceTemplateGuestAcceleratorArgs(
                type=machine_type.attached, count=machine_type.attached_count
            )
        ]
        if machine_type.attached
        else None,
        disks=[_boot_disk(args)],
        network_interfaces=[
            # An interface without access_configs has no address on the internet.
            compute.RegionInstanceTemplateNetworkInterfaceArgs(
                network=args.place.network, subnetwork=args.place.subnetwork, nic_type="GVNIC"
            ),
            *gpu_interfaces,
        ],
        scheduling=_scheduling(args),
        reservation_affinity=affinity,
        resource_policies=placement.hosts,
        service_account=compute.RegionInstanceTemplateServiceAccountArgs(
            email=account, scopes=[CLOUD_PLATFORM]
        ),
        shielded_instance_config=compute.RegionInstanceTemplateShieldedInstanceConfigArgs(
            # The kernel modules of NVIDIA's driver and of Lustre are not signed.
            enable_secure_boot=not (machine.accelerator_count or args.mount_points),
            enable_vtpm=True,
            enable_integrity_monitoring=True,
        ),
        metadata={
            "enable-oslogin": "TRUE",
            "block-project-ssh-keys": "TRUE",
            "serial-port-enable": "FALSE",
            "startup-script": args.boot(agent=True),
            **({"install-nvidia-driver": "True"} if machine.accelerator_count else {}),
        },
        tags=host_tags(args.context, args.name),
        labels=args.labels,
        opts=pulumi.ResourceOptions.merge(opts, after_grants(args.key)),
    )


def _boot_disk(args: PoolArgs) -> compute.RegionInstanceTemplateDiskArgs:
    key, pool = args.key, args.pool
    product = blueprint.disk_product("gcp", args.machine.name, pool.disk, load_catalog())
    return compute.RegionInstanceTemplateDiskArgs(
        boot=True,
        auto_delete=True,
        source_image=args.pool.image or usual_image(args.machine),
        disk_type=product,
        disk_size_gb=blueprint.disk_gib(pool.disk),
        provisioned_iops=blueprint.disk_iops(pool.disk, product),
        disk_encryption_key=compute.RegionInstanceTemplateDiskDiskEncryptionKeyArgs(
            kms_key_self_link=key.id
        )
        if key
        else None,
        labels=args.labels,
    )


def _scheduling(args: PoolArgs) -> compute.RegionInstanceTemplateSchedulingArgs:
    """Spot hosts are stopped and come back in the group when there is room again."""
    if args.pool.market == "spot":
        return compute.RegionInstanceTemplateSchedulingArgs(
            provisioning_model="SPOT",
            preemptible=True,
            automatic_restart=False,
            on_host_maintenance="TERMINATE",
            instance_termination_action="STOP",
        )
    # Machines with GPUs, and those that are kept close together, cannot move while they run.
    stays = args.machine.accelerator_count or args.pool.placement == "cluster"
    return compute.RegionInstanceTemplateSchedulingArgs(
        provisioning_model="STANDARD",
        preemptible=False,
        automatic_restart=True,
        on_host_maintenance="TERMINATE" if stays else "MIGRATE",
    )
