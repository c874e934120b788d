"""Hosts on AWS: EC2 instances by the tags that the stack gives them."""

from __future__ import annotations

from typing import Any

from domain.errors import InputError
from domain.stack_outputs import Access, PoolOutput
from workloads.discovery.found import Found, Seen

# The document that carries SSH over Session Manager (AWS Systems Manager user guide, "Allow and
# control permissions for SSH connections through Session Manager").
_DOCUMENT = "AWS-StartSSHSession"


def find_instances(pool: PoolOutput, access: Access, client: Any = None) -> Seen:
    """The running instances of a pool, and how many are on their way.

    Args:
        pool: ``find.tags`` says which.
        access: which of their addresses is theirs, or what carries the connection.
        client: an EC2 client; one for the pool's region if None.

    Raises:
        InputError: AWS does not answer, or does not let us look.
    """
    if not pool.find.tags:
        raise InputError("has no tags to find its instances by")
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise InputError(
            f"looking for hosts needs AWS's SDK, which is not installed ({error}): "
            "pip install 'windtunnel[workload]'"
        ) from None
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in pool.find.tags.items()]
    filters.append({"Name": "instance-state-name", "Values": ["pending", "running"]})
    try:
        client = client or boto3.client("ec2", region_name=pool.region)
        pages = client.get_paginator("describe_instances").paginate(Filters=filters)
        instances = [
            instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]
    except (BotoCoreError, ClientError) as error:
        raise InputError(
            f"AWS does not tell its instances: {error} (credentials as for the AWS CLI)"
        ) from None
    running = [each for each in instances if each["State"]["Name"] == "running"]
    found = [_found(each, pool, access) for each in running]
    return Seen(
        tuple(sorted((each for each in found if each), key=lambda each: each.name)),
        pending=len(instances) - len([each for each in found if each]),
    )


def _found(instance: dict[str, Any], pool: PoolOutput, access: Access) -> Found | None:
    name, private = instance["InstanceId"], instance.get("PrivateIpAddress")
    address = instance.get("PublicIpAddress") if access.kind == "public" else private
    if not address or not private:
        # Addresses come a moment after the instance.
        return None
    carrier: tuple[str, ...] = ()
    if access.kind == "ssm":
        carrier = (
            *("aws", "ssm", "start-session", "--region", pool.region, "--target", name),
            *("--document-name", _DOCUMENT, "--parameters", "portNumber=22"),
        )
    return Found(name, address, private, carrier)
