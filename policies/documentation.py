"""`docs/policies.md`, written from the rules themselves: ``python -m policies.documentation``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from policies.registry import all_rules
from policies.rule import Category, Rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "policies.md"

_CATEGORIES: dict[Category, str] = {
    "outcome": "Predicted outcome",
    "cost": "Cost",
    "reliability": "Reliability",
    "security": "Security",
    "hygiene": "Hygiene",
}
_HEAD = """# Policies

This page is written from the rules by `python -m policies.documentation`.

- [Offline and in CI](#offline-and-in-ci)
- [Inside the Pulumi CLI](#inside-the-pulumi-cli)
- [Settings of an environment](#settings-of-an-environment)
- Rules: LIST

## Offline and in CI

`windtunnel check --stack prod` judges what a Pulumi program declares, what it costs, and, with
`--scenario FILE`, what is predicted of it. It needs no cloud account and no Pulumi CLI; previews
and exports of any stack are read as well (`--preview`, `--state`). It exits with 1 when a
*mandatory* rule is broken. *Advisory* rules only speak. What only a deployment tells is reported
as not decided, never passed over; policies and scripts of `--stack` that name what is not there
yet are judged all the same. [ci.md](ci.md) has the lines for GitHub and GitLab.

## Inside the Pulumi CLI

**First run `make setup`.** `Pulumi.yaml` and `policies/PulumiPolicy.yaml` name the `.venv` that it
makes; a pack whose virtual environment is missing makes the CLI wait for ever, without a word.

```console
$ make setup
$ pulumi preview --policy-pack policies
$ pulumi up --policy-pack policies
```

The same rules find the same as `windtunnel check`; policies that name what is not there yet are
not decided by a preview, and judged during the update. Rules that need no other resource to tell
judge each resource before it is made, so that `pulumi up` never makes what breaks one; the rest
judge the whole stack at the end of a preview.

Settings are those of the environment that is called as the stack is, from `policy.yaml` beside
`PulumiPolicy.yaml`. Predicted outcomes are judged by a prediction that was written before, and
are not decided without one, or when the machines have changed since:

```console
$ windtunnel plan --stack prod --scenario job.yaml --out prediction.prod.json
$ pulumi preview --policy-pack policies
```

| variable | instead of |
|---|---|
| `WINDTUNNEL_ENVIRONMENT` | the stack's name, to choose the settings |
| `WINDTUNNEL_POLICY_SETTINGS` | `policies/policy.yaml` |
| `WINDTUNNEL_PREDICTION` | `prediction.STACK.json` beside `Pulumi.yaml` |

Paths are relative to the project.

`--policy-pack-config FILE` wins over the settings. It is JSON, such as
`{"logs-kept": {"enforcementLevel": "mandatory", "minimum_days": 120}}`. No rule mends anything by
itself: `remediate` counts as mandatory.

## Settings of an environment

`policies/policy.yaml` sets for each environment how severe a rule is (`mandatory`, `advisory`, or
`disabled`: then it is not judged), and with which values. What stands under `defaults` holds for
every stack, also for one that is not listed under `environments`, unless its environment says
otherwise. A stack without settings is judged by every rule as it stands below.

```yaml
defaults:
  rules:
    required-tags: {keys: [team]}
environments:
  prod:
    rules:
      spot-share: {max_share: 0}
      alarms-heard: mandatory
      commitments-used: disabled
    exemptions:
      - rule: no-open-ingress
        resource: bastion*          # a name or a URN; * stands for anything
        reason: partners reach us here until they have a VPN
        owner: network@example.com
        expires: 2027-01-31         # the last day; after it the check fails
```
"""


def page() -> str:
    """The whole page."""
    links = ", ".join(
        f"[{title}](#{_anchor(title, len(_of(category)))})"
        for category, title in _CATEGORIES.items()
    )
    return _HEAD.replace("LIST", links) + "".join(_sections())


def _of(category: Category) -> list[Rule]:
    return [rule for rule in all_rules() if rule.category == category]


def _anchor(title: str, count: int) -> str:
    """As GitHub and GitLab make one of a heading."""
    return f"{title} {count} rules".lower().replace(" ", "-")


def _sections() -> Iterator[str]:
    for category, title in _CATEGORIES.items():
        some = _of(category)
        yield f"\n## {title} ({len(some)} rules)\n"
        for rule in some:
            yield "".join(_entry(rule))


def _entry(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.id}\n\n**{rule.title}** · {rule.severity}\n\n"
    if rule.judge.__doc__:
        yield f"{' '.join(rule.judge.__doc__.split())}\n\n"
    yield f"Remedy: {rule.remedy}.\n"
    settings = [_setting(name, field) for name, field in rule.settings.model_fields.items()]
    if settings:
        yield f"\nSettings: {', '.join(settings)}.\n"
    if rule.guides:
        yield f"\nFollows: {'; '.join(rule.guides)}.\n"
    if rule.references:
        yield f"\nSame as: {', '.join(rule.references)}.\n"


def _setting(name: str, field: FieldInfo) -> str:
    return f"`{name}` ({_shown(field.get_default(call_default_factory=True))})"


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) or "empty"
    if isinstance(value, tuple | list):
        return ", ".join(map(_shown, value)) or "empty"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
