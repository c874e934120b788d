"""What a host does when it starts: it reports how busy it is, and mounts its storage.

Nothing here may keep a host from starting: what fails is said in the system log, and the
alarms tell of hosts that do not report.
"""

from __future__ import annotations

from collections.abc import Mapping

from stacks.outputs import CACHE_DIRECTORY

OPS_AGENT = "https://dl.google.com/cloudagents/add-google-cloud-ops-agent-repo.sh"

_LUSTRE_KEY = "https://us-apt.pkg.dev/doc/repo-signing-key.gpg"
_LUSTRE_PACKAGES = "https://us-apt.pkg.dev/projects/lustre-client-binaries"
_KEYRING = "/etc/apt/keyrings/lustre-client.gpg"

_START = """\
#!/bin/bash
set -uo pipefail
say() { logger --stderr --tag windtunnel "$*"; }
"""
# Ops Agent (Cloud Observability documentation, "Install the Ops Agent"); it reports GPUs too.
_AGENT = f"""
if ! systemctl is-active --quiet google-cloud-ops-agent; then
  (cd /tmp && curl -fsS --retry 5 -O {OPS_AGENT} \\
    && bash add-google-cloud-ops-agent-repo.sh --also-install) || say "no Ops Agent"
fi
"""
_SCRATCH_DISKS = f"""
disks=(/dev/disk/by-id/google-local-nvme-ssd-*)
if [ -e "${{disks[0]}}" ] && ! mountpoint -q {CACHE_DIRECTORY}; then
  volume=${{disks[0]}}
  if [ "${{#disks[@]}}" -gt 1 ]; then
    volume=/dev/md/scratch
    [ -e "$volume" ] || mdadm --create "$volume" --run --level=0 \\
      --raid-devices="${{#disks[@]}}" "${{disks[@]}}" || say "no scratch volume"
  fi
  blkid "$volume" > /dev/null || mkfs.ext4 -q -m 0 "$volume"
  mkdir -p {CACHE_DIRECTORY}
  mount -o discard,noatime "$volume" {CACHE_DIRECTORY} \\
    && chmod 1777 {CACHE_DIRECTORY} || say "no scratch disk"
fi
"""
# Lustre's client (Managed Lustre documentation, "Connect from Compute Engine").
_LUSTRE_CLIENT = f"""
if ! modinfo lustre > /dev/null 2>&1; then
  mkdir -p /etc/apt/keyrings
  curl -fsS --retry 5 {_LUSTRE_KEY} | gpg --dearmor --yes --output {_KEYRING}
  . /etc/os-release
  suite=lustre-client-ubuntu-$VERSION_CODENAME
  echo "deb [signed-by={_KEYRING}] {_LUSTRE_PACKAGES} $suite main" \\
    > /etc/apt/sources.list.d/lustre-client.list
  apt-get update -q \\
    && apt-get install -qy "lustre-client-modules-$(uname -r)" lustre-client-utils \\
    || say "no Lustre client for kernel $(uname -r)"
fi
"""


def mount_folder(storage: str) -> str:
    """Where hosts find a shared file system."""
    return f"/mnt/{storage}"


def mount_command(storage: str, mount_point: str) -> str:
    """The command that mounts a file system at its folder."""
    folder = mount_folder(storage)
    return f"sudo mkdir -p {folder} && sudo mount -t lustre {mount_point} {folder}"


def startup_script(mount_points: Mapping[str, str], *, scratch: bool, agent: bool = True) -> str:
    """A start-up script that may run at every start.

    Args:
        mount_points: file systems by name of the storage, as ``ADDRESS@tcp:/NAME``.
        scratch: whether the nodes' own NVMe disks become one volume.
        agent: whether the Ops Agent is wanted; hosts of TPUs report by themselves.
    """
    parts = [_START]
    if agent:
        parts.append(_AGENT)
    if scratch:
        parts.append(_SCRATCH_DISKS)
    if mount_points:
        parts.append(_LUSTRE_CLIENT)
    for storage, point in sorted(mount_points.items()):
        parts.append(
            f"\nmountpoint -q {mount_folder(storage)} || "
            f'({mount_command(storage, point)}) || say "{storage} is not mounted"\n'
        )
    return "".join(parts)
