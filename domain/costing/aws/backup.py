"""AWS Backup: what vaults keep, by what it was copied from."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage

_KEPT = (
    "efs.warm",
    "efs.cold",
    "ebs.warm",
    "rds.warm",
    "aurora.warm",
    "dynamodb.warm",
    "dynamodb.cold",
    "fsx.warm",
    "s3.warm",
    "virtual_machine.warm",
    "virtual_machine.cold",
)
_RESTORED = ("efs.warm_restore", "efs.cold_restore", "dynamodb.warm_restore", "s3.warm_restore")


def vault(context: Context) -> Iterator[Usage]:
    """Copies that are kept and restored."""
    for item in _KEPT:
        yield context.kept("backup", item, None)
    for item in _RESTORED:
        yield context.use("backup", item, "bytes", None)


COSTERS: dict[str, Coster] = dict.fromkeys(
    ("aws:backup/vault:Vault", "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"),
    vault,
)
