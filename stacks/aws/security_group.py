"""Who may talk to the nodes: each other, and nobody else."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws

_EVERYWHERE = "0.0.0.0/0"
_HTTP, _HTTPS = 80, 443


def declare_host_group(
    name: str,
    *,
    vpc_id: Any,
    tags: dict[str, str],
    reaches_internet: bool,
    s3_prefix_list: Any,
    opts: Any,
) -> Any:
    """The security group of all nodes of one region, and of what only they use.

    Members, which private endpoints are too, send each other everything, as EFA and Lustre
    need. Out of the group go web requests: to the internet where a gateway leads there, else
    to S3 alone, by the prefix list of its endpoint.
    """
    group = aws.ec2.SecurityGroup(
        f"{name}-hosts",
        vpc_id=vpc_id,
        description="Nodes: everything among themselves, web requests outwards, nothing inwards",
        revoke_rules_on_delete=True,
        tags=tags,
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-hosts-from-hosts",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
        description="Everything among the nodes",
        tags=tags,
        opts=opts,
    )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-hosts-to-hosts",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
        description="Everything among the nodes",
        tags=tags,
        opts=opts,
    )

    def out(what: str, port: int, description: str, **target: Any) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-hosts-to-{what}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=tags,
            opts=opts,
            **target,
        )

    if reaches_internet:
        out("https", _HTTPS, "Web requests", cidr_ipv4=_EVERYWHERE)
        # Ubuntu's mirrors serve signed packages without TLS.
        out("packages", _HTTP, "Signed packages", cidr_ipv4=_EVERYWHERE)
    elif s3_prefix_list is not None:
        out("s3", _HTTPS, "S3 through its endpoint", prefix_list_id=s3_prefix_list)
    return group
