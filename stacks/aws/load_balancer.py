"""One address in front of the nodes that serve, inside the network only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from domain.environment import Environment
from stacks.aws.network import Place
from stacks.names import Names

_HTTPS = 443
SERVING_PORT = 8501
"""Where TensorFlow Serving answers over HTTP."""
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True)
class LoadBalancerArgs:
    """What the load balancer is, where it stands, and whose nodes it is for."""

    environment: Environment
    names: Names
    place: Place
    groups: Mapping[str, Any]
    """Pool → name of its auto scaling group; those of the load balancer's own network."""


class LoadBalancer(pulumi.ComponentResource):
    """Internal: clients come from the network's own addresses, over TLS with ``application``."""

    def __init__(self, name: str, args: LoadBalancerArgs) -> None:
        super().__init__("windtunnel:aws:LoadBalancer", name, None, args.place.region.component)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = args.names.aws_tags()
        network = args.environment.network
        application = network.load_balancer == "application"
        group = self._security_group()
        balancer = aws.lb.LoadBalancer(
            name,
            name_prefix="wt-",
            load_balancer_type=network.load_balancer,
            internal=True,
            subnets=list(args.place.subnet_ids),
            security_groups=[group.id],
            enable_deletion_protection=args.environment.governance.deletion_protection,
            drop_invalid_header_fields=True if application else None,
            tags=self._tags,
            opts=self._child,
        )
        targets = self._targets(application)
        certificate = {
            "certificate_arn": network.certificate,
            "ssl_policy": _TLS_POLICY,
        }
        encrypted = "HTTPS" if application else "TLS"
        aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=_HTTPS,
            protocol=encrypted if network.certificate else "TCP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
            ],
            tags=self._tags,
            opts=self._child,
            **(certificate if network.certificate else {}),
        )
        for pool, scaling_group in args.groups.items():
            aws.autoscaling.Attachment(
                f"{name}-{pool}",
                autoscaling_group_name=scaling_group,
                lb_target_group_arn=targets.arn,
                opts=self._child,
            )
        self.address: Any = balancer.dns_name
        self.register_outputs({"address": self.address})

    def _security_group(self) -> Any:
        """Lets the network's own addresses in, and reaches the nodes' serving port."""
        place = self._args.place
        options = pulumi.InvokeOutputOptions(parent=self)
        network = self._args.environment.network
        cidr = (
            aws.ec2.get_vpc_output(id=network.vpc, opts=options).cidr_block
            if network.vpc
            else network.cidr
        )
        group = aws.ec2.SecurityGroup(
            self._name,
            vpc_id=place.vpc_id,
            description="Load balancer: requests from the network, to the nodes that serve",
            tags=self._tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-network",
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="Requests from the network",
            tags=self._tags,
            opts=self._child,
        )
        serving = {
            "ip_protocol": "tcp",
            "from_port": SERVING_PORT,
            "to_port": SERVING_PORT,
            "tags": self._tags,
            "opts": self._child,
        }
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-hosts",
            security_group_id=group.id,
            referenced_security_group_id=place.security_group_id,
            description="To the nodes that serve",
            **serving,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-hosts-from-load-balancer",
            security_group_id=place.security_group_id,
            referenced_security_group_id=group.id,
            description="From the load balancer",
            **serving,
        )
        return group

    def _targets(self, application: bool) -> Any:
        return aws.lb.TargetGroup(
            self._name,
            name_prefix="wt-",
            vpc_id=self._args.place.vpc_id,
            target_type="instance",
            port=SERVING_PORT,
            protocol="HTTP" if application else "TCP",
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                # Whether it answers at all: which models it serves is not ours to know.
                protocol="HTTP" if application else "TCP",
                path="/" if application else None,
                matcher="200-499" if application else None,
            ),
            tags=self._tags,
            opts=self._child,
        )
