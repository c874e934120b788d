"""An internal load balancer in front of the hosts of the environment's region.

``network`` passes connections through; ``application`` is a proxy that speaks HTTPS with the
environment's certificate. Both ask hosts on the port of TensorFlow Serving. TPU slices are
not behind it: load balancers take instance groups only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from stacks.gcp.addresses import share_out
from stacks.gcp.context import Context
from stacks.gcp.firewall import PROBE_RANGES, stack_tag
from stacks.gcp.group import SERVING_PORT
from stacks.gcp.network import Place

_HTTPS = "443"


@dataclass(frozen=True)
class LoadBalancerArgs:
    """What is balanced."""

    context: Context
    place: Place
    groups: Mapping[str, compute.RegionInstanceGroupManager]


class LoadBalancer(pulumi.ComponentResource):
    """A private address in the hosts' subnet that shares work out among them."""

    def __init__(
        self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:LoadBalancer", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._name = args.context.names.prefix(name)
        kind = args.context.environment.network.load_balancer
        rule = self._application() if kind == "application" else self._network()
        self.address: pulumi.Output[str] = rule.ip_address
        self.register_outputs({"address": self.address})

    def _network(self) -> compute.ForwardingRule:
        args, region = self._args, self._args.place.region
        self._let_in("clients", [*PROBE_RANGES, args.place.cidr])
        service = compute.RegionBackendService(
            self._name,
            region=region,
            load_balancing_scheme="INTERNAL",
            protocol="TCP",
            health_checks=self._health_check().id,
            backends=[
                compute.RegionBackendServiceBackendArgs(
                    group=group.instance_group, balancing_mode="CONNECTION"
                )
                for group in args.groups.values()
            ],
            opts=self._child,
        )
        return compute.ForwardingRule(
            self._name,
            region=region,
            load_balancing_scheme="INTERNAL",
            ip_protocol="TCP",
            ports=[str(SERVING_PORT)],
            backend_service=service.id,
            network=args.place.network,
            subnetwork=args.place.subnetwork,
            labels=args.context.names.gcp_labels(),
            opts=self._child,
        )

    def _application(self) -> compute.ForwardingRule:
        args, region = self._args, self._args.place.region
        network = args.context.environment.network
        proxies = share_out(network.cidr).proxies
        waits: list[pulumi.Resource] = []
        sources: list[pulumi.Input[str]] = list(PROBE_RANGES)
        if not network.vpc:
            # A region's proxies share one subnet of the VPC; an existing VPC has its own.
            waits.append(
                compute.Subnetwork(
                    f"{self._name}-proxies",
                    network=args.place.network,
                    region=region,
                    ip_cidr_range=proxies,
                    purpose="REGIONAL_MANAGED_PROXY",
                    role="ACTIVE",
                    opts=self._child,
                )
            )
            sources.append(proxies)
        self._let_in("proxies", sources)
        service = compute.RegionBackendService(
            self._name,
            region=region,
            load_balancing_scheme="INTERNAL_MANAGED",
            protocol="HTTP",
            port_name="serving",
            health_checks=self._health_check().id,
            backends=[
                compute.RegionBackendServiceBackendArgs(
                    group=group.instance_group, balancing_mode="UTILIZATION", capacity_scaler=1.0
                )
                for group in args.groups.values()
            ],
            opts=self._child,
        )
        routes = compute.RegionUrlMap(
            self._name, region=region, default_service=service.id, opts=self._child
        )
        proxy = compute.RegionTargetHttpsProxy(
            self._name,
            region=region,
            url_map=routes.id,
            ssl_certificates=[network.certificate],
            opts=self._child,
        )
        return compute.ForwardingRule(
            self._name,
            region=region,
            load_balancing_scheme="INTERNAL_MANAGED",
            ip_protocol="TCP",
            port_range=_HTTPS,
            target=proxy.id,
            network=args.place.network,
            subnetwork=args.place.subnetwork,
            labels=args.context.names.gcp_labels(),
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(depends_on=waits)
            ),
        )

    def _health_check(self) -> compute.RegionHealthCheck:
        return compute.RegionHealthCheck(
            self._name,
            region=self._args.place.region,
            tcp_health_check=compute.RegionHealthCheckTcpHealthCheckArgs(port=SERVING_PORT),
            opts=self._child,
        )

    def _let_in(self, who: str, sources: list[pulumi.Input[str]]) -> None:
        compute.Firewall(
            f"{self._name}-{who}",
            network=self._args.place.network,
            direction="INGRESS",
            source_ranges=sources,
            target_tags=[stack_tag(self._args.context)],
            allows=[compute.FirewallAllowArgs(protocol="tcp", ports=[str(SERVING_PORT)])],
            opts=self._child,
        )
