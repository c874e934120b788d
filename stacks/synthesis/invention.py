"""What only a cloud could tell, made up: the same for the same question, and easy to recognise.

Data sources are answered from their arguments and the configured region, and what a resource
computes is made of its type and name, by the types that the SDK declares. Stands alone
(standard library and ``pulumi``): the child loads it by path.
"""

from __future__ import annotations

import hashlib
import json
import sys
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import pulumi
from pulumi import _types

ACCOUNT = "123456789012"
"""The account that AWS's own documentation shows."""
_GLOBAL_SERVICES = ("iam", "cloudfront", "route53", "budgets")
_DEEPEST = 4
_TRUE_NAMES = ("enabled", "isEnabled", "mostRecent")


class Inventor:
    """Answers in the place of one stack's clouds.

    Args:
        config: the stack's configuration, for regions and projects.
    """

    def __init__(self, config: Mapping[str, str]) -> None:
        self._config = config
        self._classes: dict[tuple[str, str], type] = {}
        self._returned: dict[str, type] = {}
        self._watch()

    def resource(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Id and computed outputs of a resource after its creation."""
        cloud = self._cloud(type_, {}, {})
        identity = _identity(type_, name)
        found = self._classes.get((type_, name))
        outputs: dict[str, Any] = {}
        if found is not None:
            left_out = {"id", "urn", *inputs, *_optional(found)}
            for key, declared in _types.resource_types(found).items():
                if key not in left_out:
                    outputs[key] = _value(key, declared, type_, name, cloud)
        return identity, outputs

    def answer(
        self, token: str, arguments: dict[str, Any], provider: dict[str, Any]
    ) -> dict[str, Any]:
        """What a data source or a method gives back."""
        cloud = self._cloud(token, arguments, provider)
        name = str(arguments.get("name") or token.rsplit(":", 1)[-1])
        found = _known_answer(token, arguments, cloud)
        answer = {**arguments, **found}
        if (returned := self._returned.get(token)) is not None:
            for key, declared in _types.output_type_types(returned).items():
                if answer.get(key) is None:
                    answer[key] = _value(key, declared, token, name, cloud)
        answer.setdefault("id", _identity(token, json.dumps(arguments, sort_keys=True)))
        return answer

    def _cloud(
        self, token: str, arguments: Mapping[str, Any], provider: Mapping[str, Any]
    ) -> dict[str, str]:
        package = token.split(":", 1)[0]

        def told(key: str) -> str | None:
            value = arguments.get(key) or provider.get(key) or self._config.get(f"{package}:{key}")
            return value if isinstance(value, str) else None

        usual = "us-central1" if package == "gcp" else "us-east-1"
        zone = told("zone")
        region = told("region") or (zone.rsplit("-", 1)[0] if zone else usual)
        return {
            "region": region,
            "zone": zone or f"{region}-a",
            "project": told("project") or "project",
        }

    def _watch(self) -> None:
        """Learns which class each resource has and what each data source returns.

        Requests do not say; the SDK's objects do. Where a future SDK hides them, answers are
        made from arguments alone.
        """
        classes, returned = self._classes, self._returned
        register = pulumi.CustomResource.__init__

        def registering(self: Any, t: str, name: str, *rest: Any, **options: Any) -> None:
            classes[t, name] = type(self)
            register(self, t, name, *rest, **options)

        pulumi.CustomResource.__init__ = registering
        module = sys.modules["pulumi.runtime.invoke"]
        ask = getattr(module, "_invoke", None)
        if ask is None:
            return

        def asking(tok: str, props: Any, opts: Any, typ: Any, *rest: Any, **options: Any) -> Any:
            if typ is not None:
                returned[tok] = typ
            return ask(tok, props, opts, typ, *rest, **options)

        module._invoke = asking  # type: ignore[attr-defined]


def _digits(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _identity(type_: str, name: str) -> str:
    kind = type_.rsplit(":", 1)[-1].removeprefix("get").lower()
    return f"{kind}-{_digits(type_, name)[:17]}"


def _known_answer(
    token: str, arguments: dict[str, Any], cloud: Mapping[str, str]
) -> dict[str, Any]:
    """What programs branch on; everything else is made up by its type."""
    region, project = cloud["region"], cloud["project"]
    package, function = token.split(":", 1)[0], token.rsplit(":", 1)[-1]
    zones = [f"{region}{letter}" for letter in "abc"]
    number = str(int(_digits(project)[:10], 16))
    if package == "aws":
        match function:
            case "getAvailabilityZones":
                ids = [f"{_short(region)}-az{index}" for index in (1, 2, 3)]
                return {"names": zones, "zoneIds": ids, "groupNames": [region], "id": region}
            case "getAmi":
                image = "ami-" + _digits(region, json.dumps(arguments, sort_keys=True))[:17]
                return {"id": image, "imageId": image, "architecture": "x86_64"}
            case "getCallerIdentity":
                arn = f"arn:aws:iam::{ACCOUNT}:user/windtunnel"
                return {"accountId": ACCOUNT, "arn": arn, "userId": "AIDACKCEVSQ6C2EXAMPLE"}
            case "getRegion":
                return {"name": region, "region": region, "id": region}
            case "getPartition":
                return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}
            case "getParameter":
                name = str(arguments.get("name", ""))
                ami = "ami" in name.lower() or "image_id" in name
                value = "ami-" + _digits(region, name)[:17] if ami else f"value-of-{name}"
                return {"value": value, "insecureValue": value, "type": "String", "version": 1}
            case "getPolicyDocument":
                policy = _policy(arguments)
                short = json.dumps(policy, separators=(",", ":"))
                return {"json": json.dumps(policy, indent=2), "minifiedJson": short}
            case "getSubnets" | "getSubnetIds":
                return {"ids": [f"subnet-{_digits(region, zone)[:17]}" for zone in zones]}
    if package == "gcp":
        match function:
            case "getZones":
                return {"names": [f"{region}-{letter}" for letter in "abc"]}
            case "getProject":
                return {"projectId": project, "number": number, "name": project}
            case "getClientConfig":
                return dict(cloud)
            case "getProjectServiceAccount":
                email = f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
                return {"emailAddress": email, "member": f"serviceAccount:{email}"}
            case "getDefaultServiceAccount":
                email = f"{number}-compute@developer.gserviceaccount.com"
                return {"email": email, "member": f"serviceAccount:{email}"}
    return {}


def _short(region: str) -> str:
    """``us-east-1`` → ``use1``, as zone ids begin."""
    area, direction, number = [*region.split("-"), "", ""][:3]
    return f"{area}{direction[:1]}{number}"


def _policy(arguments: dict[str, Any]) -> dict[str, Any]:
    def several(found: Any) -> Any:
        return found[0] if isinstance(found, list) and len(found) == 1 else found

    statements = []
    for given in arguments.get("statements") or []:
        statement = {"Sid": given.get("sid"), "Effect": given.get("effect") or "Allow"}
        for key in ("actions", "notActions", "resources", "notResources"):
            name = key[0].upper() + key[1:-1]
            statement[name] = several(given.get(key))
        for key in ("principals", "notPrincipals"):
            who = {each["type"]: several(each["identifiers"]) for each in given.get(key) or []}
            statement[key[0].upper() + key[1:-1]] = "*" if who == {"*": "*"} else who
        conditions: dict[str, Any] = {}
        for each in given.get("conditions") or []:
            conditions.setdefault(each["test"], {})[each["variable"]] = several(each["values"])
        statement["Condition"] = conditions
        statements.append({key: value for key, value in statement.items() if value})
    return {"Version": arguments.get("version") or "2012-10-17", "Statement": statements}


def _optional(resource: type) -> set[str]:
    """The outputs that stay empty unless the program sets them."""
    names = _types.resource_py_to_pulumi_names(resource)
    return {
        pulumi_name
        for python_name, pulumi_name in names.items()
        if "Output[Optional["
        in str(_annotation(getattr(resource, python_name, None))).replace("typing.", "")
    }


def _annotation(getter: Any) -> Any:
    return getattr(getattr(getter, "fget", None), "__annotations__", {}).get("return")


def _value(
    key: str, declared: Any, type_: str, name: str, cloud: Mapping[str, str], depth: int = 0
) -> Any:
    """Something of the declared type; None where the SDK says nothing about it."""
    arguments = [each for each in typing.get_args(declared) if each is not type(None)]
    if typing.get_origin(declared) is typing.Union:
        return _value(key, arguments[0], type_, name, cloud, depth)
    origin = typing.get_origin(declared) or declared
    if isinstance(origin, type):
        if _types.is_output_type(origin):
            if depth >= _DEEPEST:
                return None
            fields = _types.output_type_types(origin).items()
            return {
                inner: _value(inner, each, type_, name, cloud, depth + 1) for inner, each in fields
            }
        if issubclass(origin, Enum):
            return next(iter(origin)).value
        if issubclass(origin, bool):
            return key in _TRUE_NAMES
        if issubclass(origin, str):
            return _text(key, type_, name, cloud)
        if issubclass(origin, int | float):
            return 1
        if issubclass(origin, Mapping):
            return {}
        if issubclass(origin, Sequence):
            inner = _value(key, arguments[0], type_, name, cloud, depth + 1) if arguments else None
            return [] if inner is None else [inner]
    return None


def _text(key: str, type_: str, name: str, cloud: Mapping[str, str]) -> str:
    digits = _digits(type_, name)
    package, kind = type_.split(":", 1)[0], type_.rsplit(":", 1)[-1].removeprefix("get")
    region, project = cloud["region"], cloud["project"]
    low = key.lower()
    if low.endswith("arn"):
        service = type_.split(":")[1].split("/")[0] if type_.count(":") > 1 else package
        if service == "s3":
            return f"arn:aws:s3:::{name}-{digits[:7]}".lower()
        region = "" if service in _GLOBAL_SERVICES else region
        return f"arn:aws:{service}:{region}:{ACCOUNT}:{kind.lower()}/{name}-{digits[:7]}"
    if low in ("name", "bucket") or low.endswith("name"):
        return f"{name}-{digits[:7]}".lower()
    if low.startswith("selflink"):
        link = (
            f"https://www.googleapis.com/compute/v1/projects/{project}/{kind}/{name}-{digits[:7]}"
        )
        return f"{link}?uniqueId={int(digits[:12], 16)}" if low.endswith("unique") else link
    if low.startswith("email") or low == "member":
        email = f"{name.lower()}@{project}.iam.gserviceaccount.com"
        return f"serviceAccount:{email}" if low == "member" else email
    if low == "region":
        return region
    if low in ("zone", "availabilityzone"):
        return cloud["zone"] if package == "gcp" else f"{region}a"
    if low == "project":
        return project
    if low in ("ownerid", "accountid", "registryid"):
        return ACCOUNT
    if "ipaddress" in low or low.endswith("ip") or low in ("address", "natip"):
        return f"10.{int(digits[:2], 16)}.{int(digits[2:4], 16)}.{int(digits[4:6], 16) or 1}"
    if "cidr" in low:
        return "10.0.0.0/16"
    if low in ("url", "endpoint") or low.endswith(("url", "uri")):
        return f"https://{name.lower()}-{digits[:7]}.example.com"
    if low in ("keyid", "uniqueid", "number"):
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    if low.endswith("id"):
        return f"{low.removesuffix('id') or kind.lower()}-{digits[:17]}"
    return f"{name}-{low}-{digits[:7]}"
