"""Groups of TPU slices.

Slices are declared as TPU VMs (``tpu.V2Vm``), not as queued resources: the provider's queued
resource takes neither a spot flag nor labels, start-up script or account, all of which the
environment asks for. A slice that cannot be had fails the deployment, and ``pulumi up`` asks
again; it does not wait in a queue.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_gcp import tpu

from domain import blueprint
from stacks.gcp.accounts import CLOUD_PLATFORM, declare_account
from stacks.gcp.firewall import declare_firewall, host_tags
from stacks.gcp.monitoring import Alarms
from stacks.gcp.pool import PoolArgs

# Software by generation; frameworks are installed on top (Cloud TPU documentation, "TPU
# software versions").
_RUNTIMES = {
    "v6e": "v2-alpha-tpuv6e",
    "v5p": "v2-alpha-tpuv5",
    "v5litepod": "v2-alpha-tpuv5-lite",
    "v4": "tpu-ubuntu2204-base",
    "v3": "tpu-ubuntu2204-base",
    "v2": "tpu-ubuntu2204-base",
}
_CREATION = "1h"


def accelerator_type(machine: str) -> str:
    """What Cloud TPU calls a slice that the catalog calls ``tpu-v5litepod-8``."""
    return machine.removeprefix("tpu-")


def runtime_version(machine: str) -> str:
    """The software of a slice whose pool names none."""
    return _RUNTIMES[accelerator_type(machine).partition("-")[0]]


class TpuGroup(pulumi.ComponentResource):
    """One or more slices, each of one host or several, in one zone.

    The hosts' boot disks belong to the slice: they are encrypted with Google's keys, since
    TPU VMs take no others.
    """

    def __init__(
        self, name: str, args: PoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:TpuGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        context = args.context
        zone = context.zone(args.place.region, f"TPU pool '{name}'")
        account = declare_account(context, name, args.buckets, child)
        declare_firewall(context, name, args.place, child, probed=False)
        script = args.boot(agent=False)
        self._slices = [
            self._declare_slice(args, index, zone, account, script, child)
            for index in range(blueprint.pool_size(args.pool))
        ]
        Alarms(context, name, args.channels, child).of_tpus(zone)
        self.slices = [
            {
                "name": each.name,
                "zone": each.zone,
                "accelerator_type": accelerator_type(args.machine.name),
                "endpoints": each.network_endpoints.apply(_addresses),
            }
            for each in self._slices
        ]
        self.facts: dict[str, Any] = args.facts({"tpus": [each.name for each in self._slices]})
        self.register_outputs({"slices": [each.name for each in self._slices]})

    def _declare_slice(
        self,
        args: PoolArgs,
        index: int,
        zone: pulumi.Input[str],
        account: pulumi.Input[str],
        script: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> tpu.V2Vm:
        pool = args.pool
        return tpu.V2Vm(
            args.context.names.prefix(f"{args.name}-{index}"),
            zone=zone,
            accelerator_type=accelerator_type(args.machine.name),
            runtime_version=pool.image or runtime_version(args.machine.name),
            network_config=tpu.V2VmNetworkConfigArgs(
                network=args.place.network,
                subnetwork=args.place.subnetwork,
                enable_external_ips=False,
            ),
            scheduling_config=tpu.V2VmSchedulingConfigArgs(
                spot=pool.market == "spot", reserved=pool.market == "reserved"
            ),
            service_account=tpu.V2VmServiceAccountArgs(email=account, scopes=[CLOUD_PLATFORM]),
            metadata={
                "enable-oslogin": "TRUE",
                "block-project-ssh-keys": "TRUE",
                "startup-script": script,
            },
            tags=host_tags(args.context, args.name),
            labels=args.labels,
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=_CREATION)),
            ),
        )


def _addresses(endpoints: list[Any] | None) -> list[str]:
    """Private addresses of a slice's hosts."""
    return [endpoint.ip_address for endpoint in endpoints or []]
