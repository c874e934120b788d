"""What a file is that is none of ours to read, so that the refusal can say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from domain.resources.graph import Resource
from domain.resources.resource_json import kind
from domain.resources.values import text

_RIGHT = (
    "what can be read is the output of 'pulumi preview --json --show-sames > preview.json' or "
    "of 'pulumi stack export > state.json', a checkpoint or an engine event log"
)
_TERRAFORM = (
    ({"resource_changes", "format_version"}, "a plan of Terraform"),
    ({"planned_values", "format_version"}, "a plan of Terraform"),
    ({"values", "format_version"}, "a state of Terraform"),
    ({"serial", "lineage"}, "a state of Terraform"),
    ({"terraform_version", "resources"}, "a state of Terraform"),
    ({"terraform_version"}, "a file of Terraform"),
    ({"@level", "@message"}, "a log of Terraform"),
)
_DOCUMENTS = (
    ({"AWSTemplateFormatVersion"}, "a CloudFormation template"),
    ({"$schema"}, "a JSON schema"),
    ({"plan", "version"}, "a saved update plan of Pulumi, which has no state"),
    ({"resourcePlans"}, "a saved update plan of Pulumi, which has no state"),
    ({"environment", "workloads"}, "a scenario of Windtunnel"),
    ({"violations", "undecided"}, "a report of 'windtunnel check'"),
    ({"bill", "resources"}, "a result of 'windtunnel plan' or 'windtunnel diff'"),
    ({"apiVersion", "kind"}, "a Kubernetes object"),
)
_TEXTS = (
    (r"\s*<", "a web page or XML"),
    (r".*^Previewing (update|refresh|destroy)", "the terminal's view of a preview, not --json"),
    (r".*^(Updating|Refreshing|Destroying) \(", "the terminal's view of an update, not --json"),
    (r".*^(environment|workloads):", "a scenario of Windtunnel"),
    (r".*^AWSTemplateFormatVersion:", "a CloudFormation template"),
    (r".*^(config|encryptionsalt|secretsprovider):", "the configuration of a Pulumi stack"),
    (r".*^runtime:", "the file of a Pulumi project"),
    (r"\s*(---\s*\n)?(#[^\n]*\n|\s*\n)*[\w.-]+:(\s|$)", "YAML"),
    (r"(resource|provider|variable|terraform|module) [\w\" ]*\{", "a program for Terraform"),
)


def not_a_document(document: Any) -> str:
    """The sentence for JSON that is no preview, export or event."""
    if isinstance(document, Mapping):
        terraform = next((name for keys, name in _TERRAFORM if keys <= document.keys()), None)
        if terraform is not None:
            return (
                f"this is {terraform}, and Windtunnel reads what Pulumi writes; {_RIGHT}; "
                "'pulumi convert --from terraform' makes a program of Pulumi from one of Terraform"
            )
        looks = next((name for keys, name in _DOCUMENTS if keys <= document.keys()), None)
        if looks is None and _is_cloudformation(document.get("Resources")):
            looks = "a CloudFormation template"
        if looks is None:
            keys = ", ".join(f"'{text(key)[:40]}'" for key in list(document)[:5])
            looks = f"an object with {keys}" if keys else "an empty object"
    else:
        looks = kind(document)
    return not_ours(looks)


def not_json(content: str) -> str:
    """The sentence for text that is no JSON."""
    if not content.strip():
        return f"the file is empty; {_RIGHT}"
    head = content[:20_000]
    flags = re.MULTILINE | re.DOTALL
    return not_ours(next((name for words, name in _TEXTS if re.match(words, head, flags)), "text"))


def not_ours(looks: str) -> str:
    """The sentence for a file that looks like something else."""
    return f"this is not a file of Pulumi, it looks like {looks}; {_RIGHT}"


def pointing_nowhere(resources: Iterable[Resource], held: Set[str]) -> str | None:
    """A note on references to resources that a state does not hold: it was edited, or cut."""
    lost: dict[str, None] = {}
    for each in resources:
        targets = [each.parent, each.provider_urn, *each.dependencies]
        targets += [urn for urns in each.property_dependencies.values() for urn in urns]
        lost |= dict.fromkeys(urn for urn in targets if urn and urn not in held)
    if not lost:
        return None
    count, first = len(lost), next(iter(lost))
    told = f"{count} resources are" if count > 1 else "a resource is"
    return f"{told} referred to, but not in the state: {first}{' and others' * (count > 1)}"


def _is_cloudformation(resources: Any) -> bool:
    return isinstance(resources, Mapping) and any(
        isinstance(each, Mapping) and str(each.get("Type")).startswith("AWS::")
        for each in resources.values()
    )
