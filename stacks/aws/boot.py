"""What a node does when it first starts: disks, file systems, monitoring.

The script runs once, as root, on Ubuntu. Each step stands alone: what fails is in
``/var/log/cloud-init-output.log`` and the rest goes on.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pulumi

from stacks.outputs import CACHE_DIRECTORY

_HEAD = """\
#!/bin/bash
# What a node of Windtunnel does at its first start.
set -u
export DEBIAN_FRONTEND=noninteractive
step() { echo "windtunnel: $1"; "$@" || echo "windtunnel: $1 failed" >&2; }
"""

# Deep learning images bring a service that joins and mounts these disks; others need it done.
_CACHE = """
local_cache() (
  set -e
  mkdir -p {directory}
  if systemctl start dlami-nvme && mountpoint -q /opt/dlami/nvme; then
    echo '/opt/dlami/nvme {directory} none bind,nofail 0 0' >> /etc/fstab
  else
    mapfile -t disks < <(
      lsblk --nodeps --noheadings --paths --output NAME,MODEL |
        awk '/Amazon EC2 NVMe Instance Storage/ {{print $1}}')
    if [ "${{#disks[@]}}" -gt 1 ]; then
      command -v mdadm || {{ apt-get update -q && apt-get install -qy mdadm; }}
      mdadm --create /dev/md0 --run --level=0 --raid-devices="${{#disks[@]}}" "${{disks[@]}}"
      device=/dev/md0
    else
      device="${{disks[0]}}"
    fi
    mkfs.xfs -f "$device"
    echo "UUID=$(blkid -s UUID -o value "$device") {directory} xfs noatime,nofail 0 0" \
      >> /etc/fstab
  fi
  mount {directory}
  chmod 1777 {directory}
)
step local_cache
"""

_LUSTRE_CLIENT = """
lustre_client() (
  set -e
  repository=https://fsx-lustre-client-repo.s3.amazonaws.com/ubuntu
  keys=https://fsx-lustre-client-repo-public-keys.s3.amazonaws.com
  curl -fsSL "$keys/fsx-ubuntu-public-key.asc" | gpg --dearmor -o /usr/share/keyrings/fsx.gpg
  . /etc/os-release
  echo "deb [signed-by=/usr/share/keyrings/fsx.gpg] $repository $VERSION_CODENAME main" \
    > /etc/apt/sources.list.d/fsx.list
  apt-get update -q
  apt-get install -qy "lustre-client-modules-$(uname -r)"
)
step lustre_client
"""

_MOUNT = """
mount_{number}() (
  set -e
  mkdir -p {directory}
  echo '{source} {directory} lustre defaults,noatime,flock,_netdev,nofail 0 0' >> /etc/fstab
  mount {directory}
  chmod 1777 {directory}
)
step mount_{number}
"""

_AGENT = """
monitoring() (
  set -e
  control=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
  if [ ! -x "$control" ]; then
    place=https://amazoncloudwatch-agent-{region}.s3.{region}.amazonaws.com
    curl -fsSL -o /tmp/agent.deb \
      "$place/ubuntu/$(dpkg --print-architecture)/latest/amazon-cloudwatch-agent.deb"
    dpkg -i /tmp/agent.deb
  fi
  "$control" -a fetch-config -m ec2 -s -c ssm:{parameter}
)
step monitoring
"""


def user_data(
    *,
    region: str,
    has_cache: bool,
    mounts: Mapping[str, Any],
    agent_parameter: Any,
) -> Any:
    """The script, encoded as launch templates take it.

    Args:
        has_cache: whether the nodes' own NVMe disks become ``/cache``.
        mounts: directory → what Lustre mounts there.
        agent_parameter: name of the parameter that configures the agent; None for no agent.
    """

    def script(known: list[Any]) -> str:
        parameter, *sources = known
        parts = [_HEAD]
        if has_cache:
            parts.append(_CACHE.format(directory=CACHE_DIRECTORY))
        if mounts:
            parts.append(_LUSTRE_CLIENT)
        parts += [
            _MOUNT.format(number=number, directory=directory, source=source)
            for number, (directory, source) in enumerate(zip(mounts, sources, strict=True), start=1)
        ]
        if parameter is not None:
            parts.append(_AGENT.format(region=region, parameter=parameter))
        return base64.b64encode("".join(parts).encode()).decode()

    return pulumi.Output.all(agent_parameter, *mounts.values()).apply(script)
