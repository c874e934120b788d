"""Keys that the customer manages: one a region, and leave for Google's services to use them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms, projects, storage

from domain import blueprint
from stacks.gcp.context import Context

_ROTATION_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True)
class Key:
    """A key of one region, and the grants without which nothing can be encrypted with it."""

    id: pulumi.Input[str]
    grants: tuple[pulumi.Resource, ...]


def after_grants(key: Key | None) -> pulumi.ResourceOptions:
    """Options of what is encrypted with ``key``: it waits until its service may use the key."""
    return pulumi.ResourceOptions(depends_on=list(key.grants) if key else None)


def declare_keys(
    context: Context, opts: pulumi.ResourceOptions, kept: pulumi.ResourceOptions
) -> dict[str, Key]:
    """Keys by region: made, or the one that is given for the environment's own region.

    Args:
        kept: options of what deletion protection covers.
    """
    environment = context.environment
    found = {
        region: _new_key(context, region, kept) for region in blueprint.key_regions(environment)
    }
    if environment.governance.key is not None:
        found[context.region] = environment.governance.key
    members = _members(context, opts) if found else {}
    return {
        region: Key(key, _grants(context, region, key, members, opts))
        for region, key in found.items()
    }


def _new_key(context: Context, region: str, opts: pulumi.ResourceOptions) -> pulumi.Input[str]:
    name = context.names.prefix(f"key-{region}")
    ring = kms.KeyRing(name, location=region, opts=opts)
    key = kms.CryptoKey(
        name,
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=f"{_ROTATION_SECONDS}s",
        labels=context.names.gcp_labels(),
        opts=opts,
    )
    return key.id


def _members(context: Context, opts: pulumi.ResourceOptions) -> dict[str, pulumi.Input[str]]:
    """The services that encrypt with our keys, by name."""
    storage_agent = storage.get_project_service_account_output(project=context.project)
    members: dict[str, pulumi.Input[str]] = {
        "storage": pulumi.Output.concat("serviceAccount:", storage_agent.email_address),
        "compute": context.agent("compute-system"),
    }
    if any(each.kind == "file_system" for each in context.environment.storage.values()):
        # This one exists only once somebody asks for it.
        identity = projects.ServiceIdentity(
            context.names.prefix("lustre"),
            project=context.project,
            service="lustre.googleapis.com",
            opts=opts,
        )
        members["lustre"] = identity.member
    return members


def _grants(
    context: Context,
    region: str,
    key: pulumi.Input[str],
    members: dict[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Resource, ...]:
    return tuple(
        kms.CryptoKeyIAMMember(
            context.names.prefix(f"key-{region}-{service}"),
            crypto_key_id=key,
            role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
            member=member,
            opts=opts,
        )
        for service, member in members.items()
    )
