"""Google Kubernetes Engine: clusters and their nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.costing.values import blocks, text, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import at, demand, stated, switched_off, switched_on, together, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.rules.ingress import is_internet
from policies.world import World

_CLUSTER = "gcp:container/cluster:Cluster"
_NODE_POOL = "gcp:container/nodePool:NodePool"

_GUIDE = "GKE: harden your cluster's security"
_CIS = "CIS Google Kubernetes Engine Benchmark"


def _standard(cluster: Resource) -> bool:
    """Whether people see to the nodes themselves; Autopilot clusters set these things alone."""
    return not truth(at(cluster, "enableAutopilot"))


def _has_nodes(resource: Resource) -> bool:
    """Whether it has nodes that people see to: a pool, or a cluster that keeps its first one."""
    return _standard(resource) and not truth(at(resource, "removeDefaultNodePool"))


def networks_narrow(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No range from which a cluster is controlled is the internet, or a large share of it."""
    for cluster in world.of_type(_CLUSTER):
        found = blocks(at(cluster, "masterAuthorizedNetworksConfig.cidrBlocks"))
        wide = next((each for each in found if is_internet(each.get("cidrBlock"))), None)
        if wide:
            yield Finding(f"'{cluster.name}' is controlled from {wide['cidrBlock']}", cluster)


def network_policies(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Pods reach each other only where a network policy says so.

    Dataplane V2 enforces policies by itself, and so does Autopilot.
    """
    for cluster in filter(_standard, world.of_type(_CLUSTER)):
        dataplane, enabled = at(cluster, "datapathProvider"), at(cluster, "networkPolicy.enabled")
        if dataplane == "ADVANCED_DATAPATH" or truth(enabled):
            continue
        if UNKNOWN in (dataplane, enabled):
            yield undecided(cluster, "networkPolicy.enabled")
        else:
            yield Finding(f"'{cluster.name}' lets every pod reach every other", cluster)


_LAST_WITH_POD_SECURITY_POLICIES = 24


def pod_security(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A cluster that still knows pod security policies uses them.

    Kubernetes 1.25 replaced them by Pod Security admission, which is always on; a cluster
    that names no version gets a later one.
    """
    for cluster in world.of_type(_CLUSTER):
        version = at(cluster, "minMasterVersion")
        minor = _minor(version)
        if minor is not None and minor > _LAST_WITH_POD_SECURITY_POLICIES:
            continue
        enabled = at(cluster, "podSecurityPolicyConfig.enabled")
        if enabled == UNKNOWN or (version == UNKNOWN and not truth(enabled)):
            yield undecided(cluster, "minMasterVersion")
        elif not truth(enabled) and not (enabled is None and minor is None):
            yield Finding(f"'{cluster.name}' runs pods with whatever rights they ask for", cluster)


def _minor(version: Any) -> int | None:
    """The minor version of ``1.24.9-gke.100``: 24."""
    found = re.match(r"1\.(\d+)", text(version) or "")
    return int(found[1]) if found else None


def inline_pools(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Node pools are resources of their own: one inside a cluster changes only with it."""
    for cluster in filter(_standard, world.of_type(_CLUSTER)):
        if blocks(cluster.get("nodePools")) and not truth(at(cluster, "removeDefaultNodePool")):
            yield Finding(f"'{cluster.name}' holds its node pools within itself", cluster)


def _not_none(value: Any) -> bool:
    return value not in (None, "", "none", "NONE")


RULES: tuple[Rule, ...] = (
    Rule(
        id="cluster-network-policy",
        title="Network policies are enforced in Kubernetes clusters",
        category="security",
        judge=network_policies,
        remedy='set datapath_provider="ADVANCED_DATAPATH"',
        references=("CKV_GCP_12",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-pod-security",
        title="Clusters limit what pods may ask for",
        category="security",
        judge=pod_security,
        remedy="run Kubernetes 1.25 or later, or set pod_security_policy_config={'enabled': True}",
        references=("CKV_GCP_24",),
        guides=(_CIS, "Kubernetes: PodSecurityPolicy, removed in 1.25"),
        scope="resource",
    ),
    Rule(
        id="cluster-pools-apart",
        title="Node pools are resources of their own",
        category="security",
        severity="advisory",
        judge=inline_pools,
        remedy="set remove_default_node_pool=True and declare each container.NodePool",
        references=("CKV_GCP_123",),
        guides=("GKE: add and manage node pools",),
        scope="resource",
    ),
    Rule(
        id="cluster-logging",
        title="Clusters write logs",
        category="security",
        judge=demand({_CLUSTER: "loggingService"}, _not_none, "writes no logs", default="default"),
        remedy="leave logging_service out, or set it to 'logging.googleapis.com/kubernetes'",
        references=("CKV_GCP_1",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-monitoring",
        title="Clusters are monitored",
        category="security",
        judge=demand(
            {_CLUSTER: "monitoringService"}, _not_none, "is not monitored", default="default"
        ),
        remedy="leave monitoring_service out, or set it to 'monitoring.googleapis.com/kubernetes'",
        references=("CKV_GCP_8",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-no-legacy-authorization",
        title="Clusters decide by roles alone who may do what",
        category="security",
        judge=switched_off({_CLUSTER: "enableLegacyAbac"}, "still decides by attributes"),
        remedy="leave enable_legacy_abac out",
        references=("CKV_GCP_7",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-no-client-certificates",
        title="Nobody gets into a cluster by a certificate that cannot be withdrawn",
        category="security",
        judge=switched_off(
            {_CLUSTER: "masterAuth.clientCertificateConfig.issueClientCertificate"},
            "issues a certificate that cannot be withdrawn",
        ),
        remedy="set master_auth={'client_certificate_config': {'issue_client_certificate': False}}",
        references=("CKV_GCP_13",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-control-plane-restricted",
        title="Clusters say from where they are controlled",
        category="security",
        judge=together(
            stated({_CLUSTER: "masterAuthorizedNetworksConfig"}, "is controlled from any address"),
            networks_narrow,
        ),
        remedy="set master_authorized_networks_config with the ranges of your own networks",
        references=("CKV_GCP_20",),
        guides=(_CIS, "GKE: authorized networks"),
        scope="resource",
    ),
    Rule(
        id="cluster-private-nodes",
        title="Nodes have no address on the internet",
        category="security",
        judge=switched_on(
            {_CLUSTER: "privateClusterConfig.enablePrivateNodes"},
            "has nodes that the internet can reach",
        ),
        remedy="set private_cluster_config={'enable_private_nodes': True}",
        references=("CKV_GCP_64",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="cluster-shielded-nodes",
        title="Nodes prove who they are when they join",
        category="security",
        judge=switched_on(
            {_CLUSTER: "enableShieldedNodes"}, "takes nodes that prove nothing", default=True
        ),
        remedy="leave enable_shielded_nodes out, or set it to True",
        references=("CKV_GCP_71",),
        guides=(_CIS, "GKE: shielded nodes"),
        scope="resource",
    ),
    Rule(
        id="node-integrity-monitored",
        title="Nodes watch over how they boot",
        category="security",
        judge=switched_on(
            dict.fromkeys(
                (_NODE_POOL, _CLUSTER),
                "nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring",
            ),
            "does not watch over how its nodes boot",
            default=True,
            applies=_has_nodes,
        ),
        remedy="leave enable_integrity_monitoring out, or set it to True",
        references=("CKV_GCP_72",),
        guides=(_CIS, "GKE: shielded nodes"),
        scope="resource",
    ),
    Rule(
        id="cluster-workload-identity",
        title="Pods act as accounts of their own",
        category="security",
        judge=stated(
            {_CLUSTER: "workloadIdentityConfig.workloadPool"},
            "lets every pod act as its node",
            applies=_standard,
        ),
        remedy="set workload_identity_config={'workload_pool': f'{project}.svc.id.goog'}",
        guides=(_CIS, "GKE: Workload Identity Federation"),
        scope="resource",
    ),
    Rule(
        id="node-metadata-guarded",
        title="Pods do not see their node's credentials",
        category="security",
        judge=demand(
            dict.fromkeys((_NODE_POOL, _CLUSTER), "nodeConfig.workloadMetadataConfig.mode"),
            lambda value: value in (None, "GKE_METADATA"),
            "shows pods the credentials of their node",
            applies=_has_nodes,
        ),
        remedy="set node_config workload_metadata_config={'mode': 'GKE_METADATA'}",
        references=("CKV_GCP_69",),
        guides=(_CIS, _GUIDE),
        scope="resource",
    ),
    Rule(
        id="node-upgraded",
        title="Nodes are repaired and upgraded by themselves",
        category="security",
        judge=switched_on(
            {_NODE_POOL: "management.autoUpgrade"}, "is not upgraded by itself", default=True
        ),
        remedy="set management={'auto_repair': True, 'auto_upgrade': True}",
        references=("CKV_GCP_10",),
        guides=(_CIS, "GKE: node auto-upgrades"),
        scope="resource",
    ),
    Rule(
        id="node-repaired",
        title="Nodes that fail are made anew by themselves",
        category="security",
        judge=switched_on(
            {_NODE_POOL: "management.autoRepair"}, "is not repaired by itself", default=True
        ),
        remedy="set management={'auto_repair': True, 'auto_upgrade': True}",
        references=("CKV_GCP_9",),
        guides=(_CIS, "GKE: node auto-repair"),
        scope="resource",
    ),
    Rule(
        id="cluster-release-channel",
        title="Clusters follow a release channel",
        category="security",
        severity="advisory",
        judge=demand(
            {_CLUSTER: "releaseChannel.channel"},
            lambda value: value not in ("", "UNSPECIFIED"),
            "follows no release channel",
            default="REGULAR",
        ),
        remedy="set release_channel={'channel': 'REGULAR'}",
        references=("CKV_GCP_70",),
        guides=(_CIS, "GKE: release channels"),
        scope="resource",
    ),
)
