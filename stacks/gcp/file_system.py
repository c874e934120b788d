"""Managed Lustre: a parallel file system that the hosts of its region mount."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import pulumi
from pulumi_gcp import lustre

from domain import blueprint
from domain.environment import SharedFileSystem
from stacks.gcp.boot import mount_command
from stacks.gcp.context import Context
from stacks.gcp.keys import Key, after_grants
from stacks.gcp.network import Place

_LONGEST_NAME = 8
_CREATION = "2h"


@dataclass(frozen=True)
class FileSystemArgs:
    """A file system of the environment, in its own region."""

    context: Context
    storage: SharedFileSystem
    place: Place
    key: Key | None


class FileSystem(pulumi.ComponentResource):
    """One Managed Lustre instance, in the zone of the first nodes."""

    def __init__(
        self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:FileSystem", name, {}, opts)
        context, storage, key = args.context, args.storage, args.key
        instance = lustre.Instance(
            context.names.prefix(name),
            instance_id=context.names.prefix(name),
            location=context.zone(context.region, f"file system '{name}'"),
            filesystem=file_system_name(name),
            capacity_gib=str(blueprint.file_system_gib("gcp", storage)),
            per_unit_storage_throughput=str(blueprint.file_system_tier(storage)),
            network=args.place.network,
            kms_key=key.id if key else None,
            labels=context.names.gcp_labels(context.environment, storage=name),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    parent=self,
                    protect=context.environment.governance.deletion_protection,
                    depends_on=list(args.place.peering),
                    # Its id is the storage's, so that two of it cannot stand side by side.
                    delete_before_replace=True,
                    custom_timeouts=pulumi.CustomTimeouts(create=_CREATION),
                ),
                after_grants(key),
            ),
        )
        self.mount_point: pulumi.Output[str] = instance.mount_point
        """``ADDRESS@tcp:/NAME``."""
        self.facts = {
            "id": instance.id,
            "address": self.mount_point.apply(lambda point: point.partition("@")[0]),
            "mount_name": file_system_name(name),
            "mount": self.mount_point.apply(lambda point: mount_command(name, point)),
        }
        self.register_outputs({"mountPoint": self.mount_point})


def file_system_name(storage: str) -> str:
    """The name that Lustre mounts: at most eight letters and digits, a letter first.

    One that is too long keeps its first letters and is told from others by a few of its hash.
    """
    plain = re.sub(r"[^a-z0-9]", "", storage)
    if len(plain) <= _LONGEST_NAME:
        return plain
    return plain[:4] + hashlib.sha256(storage.encode()).hexdigest()[:4]
