"""The shared file system: FSx for Lustre, which every node of its region mounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Environment, SharedFileSystem
from stacks.aws.network import Place
from stacks.names import Names

_LUSTRE_VERSION = "2.15"


@dataclass(frozen=True)
class FileSystemArgs:
    """What a file system is, and where it stands."""

    environment: Environment
    names: Names
    place: Place
    storage: SharedFileSystem
    key_arn: Any = None
    dataset_bucket: Any = None
    """Name of the bucket whose objects appear as files; None for none."""


class FileSystem(pulumi.ComponentResource):
    """Persistent Lustre on SSDs, in the zone of the first subnet, where clusters are placed."""

    def __init__(self, name: str, args: FileSystemArgs) -> None:
        super().__init__("windtunnel:aws:FileSystem", name, None, args.place.region.component)
        tags = args.names.aws_tags(args.environment, storage=name)
        lustre = aws.fsx.LustreFileSystem(
            name,
            deployment_type="PERSISTENT_2",
            storage_type="SSD",
            storage_capacity=blueprint.file_system_gib("aws", args.storage),
            per_unit_storage_throughput=blueprint.file_system_tier(args.storage),
            file_system_type_version=_LUSTRE_VERSION,
            data_compression_type="LZ4",
            # FSx takes one subnet for Lustre.
            subnet_ids=args.place.subnet_ids[0],
            security_group_ids=[args.place.security_group_id],
            kms_key_id=args.key_arn,
            # Backups are charged, and exclude the link to a bucket.
            automatic_backup_retention_days=0,
            skip_final_backup=True,
            tags={"Name": args.names.prefix(name), **tags},
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.environment.governance.deletion_protection
            ),
        )
        if args.dataset_bucket is not None:
            # The dataset is read only on nodes, so changes go one way.
            aws.fsx.DataRepositoryAssociation(
                name,
                file_system_id=lustre.id,
                file_system_path="/dataset",
                data_repository_path=pulumi.Output.concat("s3://", args.dataset_bucket),
                batch_import_meta_data_on_create=True,
                s3=aws.fsx.DataRepositoryAssociationS3Args(
                    auto_import_policy=aws.fsx.DataRepositoryAssociationS3AutoImportPolicyArgs(
                        events=["NEW", "CHANGED", "DELETED"]
                    )
                ),
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.id: Any = lustre.id
        self.address: Any = lustre.dns_name
        self.mount_name: Any = lustre.mount_name
        self.directory = f"/mnt/{name}"
        """Where nodes mount it."""
        self.source: Any = pulumi.Output.concat(lustre.dns_name, "@tcp:/", lustre.mount_name)
        """What they mount."""
        self.register_outputs({"id": self.id, "address": self.address})
