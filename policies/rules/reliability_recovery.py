"""Whether work survives what fails: nodes that are taken back, hosts that break, mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from domain.blueprint import TAG_STORAGE
from domain.costing.context import Survey
from domain.costing.values import block, text, truth
from domain.frozen import Frozen
from domain.resources import UNKNOWN, Resource
from policies.fleets import Fleet
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.watching import ALARM, ALERT, FAILED, is_watched
from policies.world import World

_BUCKETS = ("aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket")
_FILE_SYSTEMS = (
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:efs/fileSystem:FileSystem",
    "gcp:lustre/instance:Instance",
    "gcp:filestore/instance:Instance",
)
_GROUP = "aws:autoscaling/group:Group"
_GCP_GROUPS = (
    "gcp:compute/instanceGroupManager:InstanceGroupManager",
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager",
)
_TARGETS = ("aws:lb/targetGroup:TargetGroup",)
_BACKENDS = (
    "gcp:compute/backendService:BackendService",
    "gcp:compute/regionBackendService:RegionBackendService",
)
_MACHINES = (
    "gcp:compute/instance:Instance",
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)


class Checkpoints(Frozen):
    """How the storage that checkpoints are written to is called."""

    names: tuple[str, ...] = ("*checkpoint*", "*ckpt*")


def spot_checkpoints(world: World, settings: Checkpoints) -> Iterator[Judgement]:
    """Work on spot nodes has a place for checkpoints that outlives them: a node that is taken
    back takes all since the last one with it."""
    spot = [each for each in _at_work(world) if each.market == "spot"]
    if not spot or _keeps_checkpoints(world, settings.names):
        return
    for fleet in spot:
        yield Finding(
            f"{fleet.called} is on spot, and nothing here is called like a place for checkpoints "
            f"({', '.join(settings.names)})",
            fleet.resource,
        )


def _at_work(world: World) -> Iterator[Fleet]:
    """The fleets with accelerators that ever have a node."""
    return (each for each in world.fleets if each.accelerators and not each.never_runs)


def _keeps_checkpoints(world: World, patterns: tuple[str, ...]) -> bool:
    survey = Survey(world.graph, world.catalog)
    for store in world.of_type(*_BUCKETS, *_FILE_SYSTEMS):
        tag = survey.context(store).tags.get(TAG_STORAGE)
        names = (store.name, tag, *(store.get(key) for key in ("bucket", "name", "bucketPrefix")))
        for name in names:
            if isinstance(name, str) and any(fnmatchcase(name.lower(), each) for each in patterns):
                return True
    return False


def group_health(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A group replaces nodes that do not answer; behind a load balancer, by its check."""
    for group in world.of_type(_GROUP):
        balanced = any(group.inputs.get(key) for key in ("targetGroupArns", "loadBalancers"))
        if balanced and group.get("healthCheckType") != "ELB":
            yield Finding(
                f"'{group.name}' is behind a load balancer, and keeps nodes that fail its check",
                group,
                remedy="set health_check_type='ELB'",
            )
        if "HealthCheck" in (group.get("suspendedProcesses") or ()):
            yield Finding(f"'{group.name}' has its health checks suspended", group)
    for group in world.of_type(*_GCP_GROUPS):
        healing = group.inputs.get("autoHealingPolicies")
        if healing == UNKNOWN:
            yield Undecided("auto_healing_policies is known only after deployment", group)
        elif not block(healing).get("healthCheck"):
            yield Finding(f"'{group.name}' keeps nodes that do not answer", group)


def balancer_health(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A load balancer asks its targets whether they are well, and sends nothing to those that are
    not."""
    for group in world.of_type(*_TARGETS):
        check = block(group.get("healthCheck"))
        if group.get("targetType") != "lambda" and check.get("enabled") in (False, "false"):
            yield Finding(f"'{group.name}' does not check its targets", group)
    for service in world.of_type(*_BACKENDS):
        if not service.inputs.get("healthChecks") and not _is_serverless(world, service):
            yield Finding(f"'{service.name}' does not check its backends", service)


def _is_serverless(world: World, service: Resource) -> bool:
    group = world.referred(service, "backends")
    return group is not None and "NetworkEndpointGroup" in group.type


def failure_alarms(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Somebody hears when hosts with accelerators fail: a job of many nodes waits for the last."""
    for fleet in _at_work(world):
        if not is_watched(world, fleet, FAILED):
            yield Finding(f"no alarm rings when nodes of {fleet.called} fail", fleet.resource)


def alarms_heard(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """An alarm tells somebody, or does something."""
    for alarm in world.of_type(ALARM):
        off = alarm.inputs.get("actionsEnabled") in (False, "false")
        if off or not alarm.inputs.get("alarmActions"):
            yield Finding(f"nobody hears the alarm '{alarm.name}'", alarm)
    for alert in world.of_type(ALERT):
        if not alert.inputs.get("notificationChannels"):
            yield Finding(f"nobody hears the alert '{alert.name}'", alert)


def not_emptied(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A bucket that holds data is not emptied so that it can be deleted: a destroy that somebody
    aimed at the wrong stack stops there."""
    for bucket in world.of_type(*_BUCKETS):
        if truth(bucket.inputs.get("forceDestroy")):
            yield Finding(f"'{bucket.name}' is deleted with all that is in it", bucket)


def lasting_file_systems(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """File systems keep their data when a server of theirs fails."""
    for store in world.of_type("aws:fsx/lustreFileSystem:LustreFileSystem"):
        kind = text(store.get("deploymentType")) or "SCRATCH_1"
        if store.inputs.get("deploymentType") == UNKNOWN:
            yield Undecided("deployment_type is known only after deployment", store)
        elif kind.startswith("SCRATCH"):
            yield Finding(f"'{store.name}' is of type {kind}: its data is not replicated", store)


def restart_after_failure(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Machines of Google Cloud that are paid for by the hour start again after a host fails."""
    for machine in world.of_type(*_MACHINES):
        scheduling = block(machine.get("scheduling"))
        spot = truth(scheduling.get("preemptible")) or scheduling.get("provisioningModel") == "SPOT"
        if not spot and scheduling.get("automaticRestart") in (False, "false"):
            yield Finding(f"'{machine.name}' stays down after a host fails", machine)


def rolling_updates(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A new template does not replace all nodes of a group at once, in the middle of a job."""
    for group in world.of_type(*_GCP_GROUPS):
        policy = block(group.get("updatePolicy"))
        percent = policy.get("maxUnavailablePercent")
        if policy.get("type") == "PROACTIVE" and percent in (100, 100.0, "100"):
            yield Finding(f"'{group.name}' replaces all nodes at once", group)
    for group in world.of_type(_GROUP):
        refresh = block(group.get("instanceRefresh"))
        healthy = block(refresh.get("preferences")).get("minHealthyPercentage")
        if refresh and healthy in (0, 0.0, "0"):
            yield Finding(f"'{group.name}' replaces all nodes at once", group)


def some_on_demand(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Pods that serve requests or must not vanish stand on nodes that are not all on spot."""
    for kind, cluster_key in (
        ("aws:eks/nodeGroup:NodeGroup", "clusterName"),
        ("gcp:container/nodePool:NodePool", "cluster"),
    ):
        clusters: dict[str, list[bool]] = {}
        found: dict[str, Resource] = {}
        for pool in world.of_type(kind):
            cluster = world.referred(pool, cluster_key)
            if cluster is not None:
                clusters.setdefault(cluster.urn, []).append(_is_spot_pool(pool))
                found[cluster.urn] = cluster
        for urn, every in clusters.items():
            if all(every):
                yield Finding(
                    f"every node pool of '{found[urn].name}' is on spot, also where its own "
                    "services run",
                    found[urn],
                )


def _is_spot_pool(pool: Resource) -> bool:
    config = block(pool.get("nodeConfig"))
    return (
        pool.get("capacityType") == "SPOT"
        or truth(config.get("spot"))
        or truth(config.get("preemptible"))
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="spot-checkpoints",
        title="Work on spot has a place for checkpoints",
        category="reliability",
        judge=spot_checkpoints,
        settings=Checkpoints,
        remedy="declare a bucket or file system for checkpoints (storage.checkpoints), or buy "
        "the pool on demand",
        guides=("EC2 user guide: best practices for Spot", "Compute Engine: Spot VMs"),
    ),
    Rule(
        id="group-health-checks",
        title="Groups replace nodes that do not answer",
        category="reliability",
        severity="advisory",
        judge=group_health,
        remedy="set auto_healing_policies with a health check (AWS: health_check_type)",
        guides=("Security Hub AutoScaling.1", "Compute Engine: autohealing"),
        scope="resource",
    ),
    Rule(
        id="load-balancer-health-checks",
        title="Load balancers check their targets",
        category="reliability",
        judge=balancer_health,
        remedy="set a health check of the target group or backend service",
        guides=("Elastic Load Balancing: target health", "Cloud Load Balancing: health checks"),
    ),
    Rule(
        id="failure-alarms",
        title="Somebody hears when hosts with accelerators fail",
        category="reliability",
        severity="advisory",
        judge=failure_alarms,
        remedy="set an alarm on StatusCheckFailed or GroupInServiceInstances (GCP: an alert on "
        "instance uptime)",
        guides=("AWS Well-Architected, reliability: REL06",),
    ),
    Rule(
        id="alarms-heard",
        title="Alarms tell somebody",
        category="reliability",
        severity="advisory",
        judge=alarms_heard,
        remedy="set governance.alert_emails, or alarm_actions (GCP: notification_channels)",
        references=("CKV_AWS_319",),
        guides=("Security Hub CloudWatch.15, CloudWatch.17",),
        scope="resource",
    ),
    Rule(
        id="buckets-not-emptied",
        title="Buckets are not deleted with what they hold",
        category="reliability",
        severity="advisory",
        judge=not_emptied,
        remedy="leave force_destroy out",
        guides=("Pulumi: aws.s3.Bucket, forceDestroy", "AWS Well-Architected: REL09"),
        scope="resource",
    ),
    Rule(
        id="lasting-file-systems",
        title="File systems keep their data when a server fails",
        category="reliability",
        severity="advisory",
        judge=lasting_file_systems,
        remedy="set deployment_type='PERSISTENT_2'",
        guides=("FSx for Lustre user guide: deployment options",),
        scope="resource",
    ),
    Rule(
        id="restart-after-failure",
        title="Machines start again after a host fails",
        category="reliability",
        judge=restart_after_failure,
        remedy="set scheduling.automatic_restart=True",
        guides=("Compute Engine: host maintenance policy",),
        scope="resource",
    ),
    Rule(
        id="rolling-updates",
        title="Groups are not replaced all at once",
        category="reliability",
        judge=rolling_updates,
        remedy="set max_unavailable (AWS: min_healthy_percentage) so that some nodes stay",
        guides=("Compute Engine: rolling updates", "EC2 Auto Scaling: instance refresh"),
        scope="resource",
    ),
    Rule(
        id="cluster-not-all-spot",
        title="Clusters keep some nodes that are not on spot",
        category="reliability",
        severity="advisory",
        judge=some_on_demand,
        remedy="add a small node pool on demand for what must not vanish",
        guides=("EKS best practices: Spot", "GKE: Spot VMs"),
    ),
)
