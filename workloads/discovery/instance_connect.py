"""A key for a minute: EC2 Instance Connect lets us in where the image holds no key of ours.

The nodes of our stacks have none. What AWS checks is the permission
``ec2-instance-connect:SendSSHPublicKey``; the key is good for 60 seconds and one user (Amazon EC2
user guide, "Connect using EC2 Instance Connect"), so it is sent before each attempt.
"""

from __future__ import annotations

from typing import Any

from domain.errors import InputError
from domain.hosts import Host


def uses_instance_connect(host: Host) -> bool:
    """Whether AWS carries the connection to this host, and can hand over a key as well."""
    return host.provider == "aws" and host.name is not None and bool(host.proxy_command)


def send_key(host: Host, public_key: str, client: Any = None) -> None:
    """Makes a host accept a key for the next 60 seconds.

    Args:
        host: found on AWS; its name is the instance's id.
        public_key: as OpenSSH writes it.
        client: an ``ec2-instance-connect`` client; one for the host's region if None.

    Raises:
        InputError: AWS does not let us.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = client or boto3.client("ec2-instance-connect", region_name=host.region)
        client.send_ssh_public_key(
            InstanceId=host.name, InstanceOSUser=host.user, SSHPublicKey=public_key
        )
    except (BotoCoreError, ClientError) as error:
        raise InputError(
            f"EC2 Instance Connect does not take our key: {error}", where=host.label
        ) from None
