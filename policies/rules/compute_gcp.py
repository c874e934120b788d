"""Google Cloud: how machines boot, who logs in to them, and whom they act as."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.costing.values import text, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import at, refers, switched_off, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

TEMPLATES = (
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)
_INSTANCES = ("gcp:compute/instance:Instance", *TEMPLATES)
FROM_TEMPLATE = "gcp:compute/instanceFromTemplate:InstanceFromTemplate"
_TPU = "gcp:tpu/v2Vm:V2Vm"
_NODE_POOL = "gcp:container/nodePool:NodePool"
_DEFAULT_ACCOUNT = re.compile(r"\d+-compute@developer\.gserviceaccount\.com|default")

_OS_LOGIN = "metadata.enable-oslogin"
_ON = frozenset({"true", "1", "y", "yes"})
_OFF = frozenset({"false", "0", "n", "no"})


def _means(value: Any) -> bool | None:
    """What the guest environment takes a text of metadata for; None where it says neither."""
    said = str(value).lower()
    return True if said in _ON else False if said in _OFF else None


def speaker(world: World, instance: Resource, key: str) -> Resource | None:
    """Who says a thing of a machine: itself, or the template that it is made from.

    None where that template is not in the stack.
    """
    if instance.type != FROM_TEMPLATE or at(instance, key) is not None:
        return instance
    return world.referred(instance, "sourceInstanceTemplate", *TEMPLATES)


def accounts(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Machines act as an account of their own, never as the project's default one.

    The default account may edit the whole project. An instance without an account acts as
    nobody; a TPU or a node without one acts as the default one. Machines that GKE made
    (``gke-…``) are judged by their node pool.
    """
    for instance in world.of_type(*_INSTANCES, FROM_TEMPLATE):
        name = text(instance.get("name")) or ""
        if name.startswith("gke-"):
            continue
        says = speaker(world, instance, "serviceAccount")
        if says is None:
            yield undecided(instance, "serviceAccount")
        elif at(says, "serviceAccount") is not None:
            yield from _acts_as(instance, "serviceAccount.email", says)
    for tpu in world.of_type(_TPU):
        yield from _acts_as(tpu, "serviceAccount.email")
    for pool in world.of_type(_NODE_POOL):
        yield from _acts_as(pool, "nodeConfig.serviceAccount")


def _acts_as(resource: Resource, path: str, says: Resource | None = None) -> Iterator[Judgement]:
    email = at(says or resource, path)
    if email == UNKNOWN and not refers(says or resource, path):
        yield undecided(resource, path)
    elif not email or (text(email) and _DEFAULT_ACCOUNT.fullmatch(str(email))):
        what = email or "not set"
        yield Finding(
            f"'{resource.name}' acts as the project's default account: {path} is {what}", resource
        )


def project_logins(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A project's metadata turns OS Login on, so that IAM says who may log in."""
    for project in world.of_type("gcp:compute/projectMetadata:ProjectMetadata"):
        value = at(project, _OS_LOGIN)
        if value == UNKNOWN:
            yield undecided(project, "metadata")
        elif _means(value) is not True:
            yield Finding(f"'{project.name}' does not turn OS Login on for the project", project)
    for item in world.of_type("gcp:compute/projectMetadataItem:ProjectMetadataItem"):
        if item.get("key") == "enable-oslogin" and _means(item.get("value")) is not True:
            yield Finding(f"'{item.name}' turns OS Login off for the project", item)


def instance_logins(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No machine turns off the OS Login of its project."""
    for instance in world.of_type(*_INSTANCES):
        value = at(instance, _OS_LOGIN)
        if value == UNKNOWN:
            yield undecided(instance, "metadata")
        elif _means(value) is False:
            yield Finding(f"'{instance.name}' turns OS Login off", instance)


def project_keys(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Keys of the project open no machine, or OS Login is on and no key in metadata does."""
    for instance in world.of_type(*_INSTANCES):
        said = [at(instance, path) for path in ("metadata.block-project-ssh-keys", _OS_LOGIN)]
        if any(_means(value) is True for value in said):
            continue
        if UNKNOWN in said:
            yield undecided(instance, "metadata")
        else:
            yield Finding(f"'{instance.name}' opens to every SSH key of the project", instance)


def serial_ports(world: World, _: NoSettings) -> Iterator[Judgement]:
    """The serial console, which no firewall guards, is off."""
    for instance in world.of_type(*_INSTANCES):
        value = at(instance, "metadata.serial-port-enable")
        if value == UNKNOWN:
            yield undecided(instance, "metadata")
        elif _means(value):
            yield Finding(f"'{instance.name}' opens its serial console", instance)


def shielded(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No machine turns off its virtual TPM or the watch over how it boots.

    Both are on by themselves where an image allows them. Secure Boot is not asked for: it
    refuses the unsigned drivers of accelerators.
    """
    for instance in world.of_type(*_INSTANCES):
        for part in ("enableVtpm", "enableIntegrityMonitoring"):
            value = at(instance, f"shieldedInstanceConfig.{part}")
            if value == UNKNOWN:
                yield undecided(instance, "shieldedInstanceConfig")
            elif value is not None and not truth(value):
                yield Finding(f"'{instance.name}' turns {part} off", instance)
                break


RULES: tuple[Rule, ...] = (
    Rule(
        id="no-default-service-account",
        title="Machines act as an account of their own",
        category="security",
        judge=accounts,
        remedy="make a serviceaccount.Account for the pool and name its email",
        references=("CKV_GCP_30",),
        guides=("CIS GCP Foundation: instances do not use the default service account",),
    ),
    Rule(
        id="os-login-on",
        title="OS Login is on for the project",
        category="security",
        judge=project_logins,
        remedy="set metadata={'enable-oslogin': 'TRUE'}",
        references=("CKV_GCP_33",),
        guides=("CIS GCP Foundation: OS Login is enabled for a project",),
        scope="resource",
    ),
    Rule(
        id="os-login-not-overridden",
        title="No machine turns OS Login off",
        category="security",
        judge=instance_logins,
        remedy="leave enable-oslogin out of the machine's metadata, or set it to 'TRUE'",
        references=("CKV_GCP_34",),
        guides=("CIS GCP Foundation: OS Login is enabled for a project",),
        scope="resource",
    ),
    Rule(
        id="no-project-ssh-keys",
        title="SSH keys of the project open no machine",
        category="security",
        judge=project_keys,
        remedy="set metadata={'block-project-ssh-keys': 'TRUE'}, or turn OS Login on",
        references=("CKV_GCP_32",),
        guides=("CIS GCP Foundation: block project-wide SSH keys is enabled for VM instances",),
        scope="resource",
    ),
    Rule(
        id="no-serial-port",
        title="Serial consoles are closed",
        category="security",
        judge=serial_ports,
        remedy="set metadata={'serial-port-enable': 'FALSE'}",
        references=("CKV_GCP_35",),
        guides=("CIS GCP Foundation: connecting to serial ports is not enabled",),
        scope="resource",
    ),
    Rule(
        id="no-ip-forwarding",
        title="Machines do not pass on packets of others",
        category="security",
        judge=switched_off(
            dict.fromkeys((*_INSTANCES, FROM_TEMPLATE), "canIpForward")
            | {_TPU: "networkConfig.canIpForward"},
            "passes on packets that are not its own",
        ),
        remedy="leave can_ip_forward out",
        references=("CKV_GCP_36",),
        guides=("CIS GCP Foundation: IP forwarding is not enabled on instances",),
        scope="resource",
    ),
    Rule(
        id="shielded-machines",
        title="Machines watch over how they boot",
        category="security",
        judge=shielded,
        remedy="set shielded_instance_config={'enable_vtpm': True, "
        "'enable_integrity_monitoring': True}",
        guides=("CIS GCP Foundation: compute instances are launched with Shielded VM enabled",),
        scope="resource",
    ),
)
