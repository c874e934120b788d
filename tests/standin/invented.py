"""Ids, physical names and computed outputs of resources that no cloud has made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
PROJECT_NUMBER = "210987654321"

# Where the provider makes up a physical name that the program leaves out.
_NAMED_AWS = {
    "autoscaling": {"group"},
    "budgets": {"budget"},
    "cloudtrail": {"trail"},
    "cloudwatch": {"logGroup", "metricAlarm"},
    "ec2": {"launchTemplate", "placementGroup", "securityGroup"},
    "iam": {"instanceProfile", "policy", "role", "rolePolicy"},
    "kms": {"alias"},
    "lb": {"loadBalancer", "targetGroup"},
    "sns": {"topic"},
    "ssm": {"parameter"},
}
_NAMED_GCP = {"compute", "filestore", "kms", "logging", "storage", "tpu"}
_WITHOUT_REGION = {"budgets", "iam"}

_ID_PREFIXES = {
    "launchTemplate": "lt",
    "natGateway": "nat",
    "routeTable": "rtb",
    "securityGroup": "sg",
}

# Computed outputs by type; {id}, {name}, {region}, {zone}, {project} and inputs are filled in.
_OUTPUTS: dict[str, dict[str, Any]] = {
    "aws:autoscaling/group:Group": {"availabilityZone": "{region}a"},
    "aws:ec2/eip:Eip": {"allocationId": "{id}", "publicIp": "203.0.113.10"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1, "defaultVersion": 1},
    "aws:ec2/placementGroup:PlacementGroup": {"placementGroupId": "{id}"},
    "aws:ec2/vpc:Vpc": {
        "defaultSecurityGroupId": "sg-{digest}",
        "defaultRouteTableId": "rtb-{digest}",
        "mainRouteTableId": "rtb-{digest}",
    },
    "aws:fsx/lustreFileSystem:LustreFileSystem": {
        "dnsName": "{id}.fsx.{region}.amazonaws.com",
        "mountName": "fsx",
        "vpcId": "vpc-{digest}",
    },
    "aws:iam/role:Role": {"uniqueId": "AROA{digest}"},
    "aws:kms/key:Key": {"keyId": "{id}"},
    "aws:lb/loadBalancer:LoadBalancer": {
        "dnsName": "{name}.elb.{region}.amazonaws.com",
        "arnSuffix": "{name}/{digest}",
        "zoneId": "Z0123456789",
    },
    "aws:lb/targetGroup:TargetGroup": {"arnSuffix": "{name}/{digest}"},
    "aws:s3/bucket:Bucket": {
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        "hostedZoneId": "Z0123456789",
    },
    "gcp:compute/address:Address": {"address": "203.0.113.20"},
    "gcp:compute/globalAddress:GlobalAddress": {"address": "10.200.0.0"},
    "gcp:compute/forwardingRule:ForwardingRule": {"ipAddress": "10.0.0.10"},
    "gcp:compute/instanceTemplate:InstanceTemplate": {
        "selfLinkUnique": "{link}?uniqueId={number}",
    },
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": {
        "selfLinkUnique": "{link}?uniqueId={number}",
    },
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": {
        "instanceGroup": "projects/{project}/regions/{region}/instanceGroups/{name}",
    },
    "gcp:compute/instanceGroupManager:InstanceGroupManager": {
        "instanceGroup": "projects/{project}/zones/{zone}/instanceGroups/{name}",
    },
    "gcp:compute/network:Network": {"gatewayIpv4": "", "numericId": "{number}"},
    "gcp:compute/subnetwork:Subnetwork": {"gatewayAddress": "10.0.0.1"},
    "gcp:logging/projectSink:ProjectSink": {
        "writerIdentity": "serviceAccount:service-{project_number}@gcp-sa-logging.example",
    },
    "gcp:lustre/instance:Instance": {"mountPoint": "10.0.0.2@tcp:/{filesystem}"},
    "gcp:projects/serviceIdentity:ServiceIdentity": {
        "email": "service-{project_number}@gcp-sa.example",
        "member": "serviceAccount:service-{project_number}@gcp-sa.example",
    },
    "gcp:serviceaccount/account:Account": {
        "email": "{accountId}@{project}.iam.gserviceaccount.com",
        "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
        "name": "projects/{project}/serviceAccounts/{accountId}",
        "uniqueId": "{number}",
    },
    "gcp:tpu/v2Vm:V2Vm": {"networkEndpoints": [{"ipAddress": "10.0.0.5", "port": 8470}]},
    "gcp:storage/bucket:Bucket": {"url": "gs://{name}"},
}


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def name_input(type_: str) -> str | None:
    """The input in which the provider puts a physical name of its own making."""
    provider, module, kind = _parts(type_)
    if (module, kind) == ("s3", "bucket"):
        return "bucket"
    if provider == "aws":
        return "name" if kind in _NAMED_AWS.get(module, ()) else None
    return "name" if module in _NAMED_GCP and "IAM" not in kind else None


def identity(type_: str, name: str, inputs: Mapping[str, Any], where: Mapping[str, str]) -> str:
    """The id that the provider would give."""
    provider, module, kind = _parts(type_)
    mark = digest(type_, name, *map(str, sorted(inputs.items())))
    named = name_input(type_)
    own = inputs.get("instanceId", name)
    if named is not None:
        own = inputs.get(named) or inputs[f"{named}Prefix"] + mark
    if provider == "gcp":
        place = inputs.get("zone") or inputs.get("location") or inputs.get("region") or "global"
        return f"projects/{where['project']}/{place}/{module}/{kind}/{own}"
    if named and module in ("autoscaling", "iam", "s3"):
        return str(own)
    return f"{_ID_PREFIXES.get(kind, kind.lower())}-{mark}"


def outputs(
    type_: str, identity: str, inputs: Mapping[str, Any], where: Mapping[str, str]
) -> dict[str, Any]:
    """What the cloud would tell of a resource beside its inputs."""
    provider, module, kind = _parts(type_)
    mark = digest(identity)
    texts = {key: value for key, value in inputs.items() if isinstance(value, str)}
    facts = {"region": "", "zone": "", **where, **texts, "id": identity, "digest": mark}
    facts |= {"number": str(int(mark, 16)), "project_number": PROJECT_NUMBER}
    named = name_input(type_)
    if named is not None:
        prefix = inputs.get(f"{named}Prefix", "")
        facts.setdefault(named, f"{prefix}{mark}" if prefix else identity.rsplit("/", 1)[-1])
    found: dict[str, Any] = {named: facts[named]} if named else {}
    if provider == "aws":
        found["arn"] = f"arn:aws:{module}:{facts['region']}:{ACCOUNT}:{kind}/{identity}"
        if module not in _WITHOUT_REGION:
            found["region"] = facts["region"]
        if "tags" in inputs:
            found["tagsAll"] = inputs["tags"]
    else:
        facts["link"] = f"https://www.googleapis.com/compute/v1/{identity}"
        found |= {"selfLink": facts["link"], "project": facts["project"]}
        if "labels" in inputs:
            found["effectiveLabels"] = inputs["labels"]
    for key, value in _OUTPUTS.get(type_, {}).items():
        found[key] = value.format_map(facts) if isinstance(value, str) else value
    return found


def _parts(type_: str) -> tuple[str, str, str]:
    """``aws:ec2/vpc:Vpc`` → aws, ec2, vpc."""
    provider, path, _ = type_.split(":")
    module, _, kind = path.partition("/")
    return provider, module, kind
