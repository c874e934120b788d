"""What the clouds answer to a program's questions, by token of the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from standin.invented import ACCOUNT, PROJECT_NUMBER, digest

Facts = Mapping[str, Any]
Answer = Callable[[Facts, Facts], dict[str, Any]]
"""From the arguments of the question and the provider's own region, zone and project."""


def _zones(arguments: Facts, where: Facts) -> dict[str, Any]:
    region = arguments.get("region") or where["region"]
    return {
        "names": [f"{region}{letter}" for letter in "abc"],
        "zoneIds": [f"{region}-az{number}" for number in (1, 2, 3)],
        "id": region,
        "region": region,
    }


def _image(arguments: Facts, where: Facts) -> dict[str, Any]:
    found = f"ami-{digest(str(arguments))}"
    return {"id": found, "imageId": found, "architecture": "x86_64", "rootDeviceName": "/dev/sda1"}


def _parameter(arguments: Facts, where: Facts) -> dict[str, Any]:
    value = f"ami-{digest(arguments['name'])}"
    return {
        "name": arguments["name"],
        "value": value,
        "insecureValue": value,
        "type": "String",
        "version": 1,
        "id": arguments["name"],
        "arn": f"arn:aws:ssm:{where['region']}::parameter{arguments['name']}",
    }


def _identity(arguments: Facts, where: Facts) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/stand-in",
        "userId": "AIDASTANDIN",
        "id": ACCOUNT,
    }


def _region(arguments: Facts, where: Facts) -> dict[str, Any]:
    region = arguments.get("region") or where["region"]
    return {"region": region, "name": region, "id": region, "description": region}


def _partition(arguments: Facts, where: Facts) -> dict[str, Any]:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}


def _network(arguments: Facts, where: Facts) -> dict[str, Any]:
    return {"id": arguments["id"], "cidrBlock": "10.0.0.0/16"}


def _subnet(arguments: Facts, where: Facts) -> dict[str, Any]:
    zone = f"{where['region']}a"
    return {"id": arguments["id"], "cidrBlock": "10.0.0.0/20", "availabilityZone": zone}


def _google_subnet(arguments: Facts, where: Facts) -> dict[str, Any]:
    link = arguments["selfLink"]
    return {"id": link, "selfLink": link, "ipCidrRange": "10.0.0.0/20"}


def _google_zones(arguments: Facts, where: Facts) -> dict[str, Any]:
    region = arguments.get("region") or where["region"]
    names = [f"{region}-{letter}" for letter in "abc"]
    return {"names": names, "id": region, "region": region, "project": where["project"]}


def _project(arguments: Facts, where: Facts) -> dict[str, Any]:
    project = arguments.get("projectId") or where["project"]
    return {
        "projectId": project,
        "name": project,
        "number": PROJECT_NUMBER,
        "billingAccount": "000000-AAAAAA-BBBBBB",
        "id": f"projects/{project}",
        "labels": {},
        "effectiveLabels": {},
        "pulumiLabels": {},
    }


def _storage_agent(arguments: Facts, where: Facts) -> dict[str, Any]:
    email = f"service-{PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    return {
        "emailAddress": email,
        "member": f"serviceAccount:{email}",
        "project": where["project"],
        "id": email,
    }


def _client(arguments: Facts, where: Facts) -> dict[str, Any]:
    return {**where, "accessToken": "", "id": where["project"], "defaultLabels": {}}


def _google_image(arguments: Facts, where: Facts) -> dict[str, Any]:
    name = arguments.get("name") or arguments["family"]
    link = f"projects/{arguments.get('project', where['project'])}/global/images/{name}"
    return {**arguments, "name": name, "id": link, "selfLink": link}


ANSWERS: dict[str, dict[str, Answer]] = {
    "aws": {
        "aws:ec2/getAmi:getAmi": _image,
        "aws:ec2/getSubnet:getSubnet": _subnet,
        "aws:ec2/getVpc:getVpc": _network,
        "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
        "aws:index/getCallerIdentity:getCallerIdentity": _identity,
        "aws:index/getPartition:getPartition": _partition,
        "aws:index/getRegion:getRegion": _region,
        "aws:ssm/getParameter:getParameter": _parameter,
    },
    "gcp": {
        "gcp:compute/getImage:getImage": _google_image,
        "gcp:compute/getSubnetwork:getSubnetwork": _google_subnet,
        "gcp:compute/getZones:getZones": _google_zones,
        "gcp:organizations/getClientConfig:getClientConfig": _client,
        "gcp:organizations/getProject:getProject": _project,
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_agent,
    },
}
