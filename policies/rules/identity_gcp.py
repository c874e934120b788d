"""Google Cloud: who may do what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from domain.costing.values import blocks, is_list, text
from domain.resources import UNKNOWN, Resource
from policies.demands import at, refers, stated, together, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})
_PRIMITIVE = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_ACTING_AS = frozenset(
    f"roles/iam.{role}"
    for role in (
        "serviceAccountAdmin",
        "serviceAccountKeyAdmin",
        "serviceAccountOpenIdTokenCreator",
        "serviceAccountTokenCreator",
        "serviceAccountUser",
        "workloadIdentityUser",
    )
)
"""What lets act as an account, or gives oneself that right."""
_GRANT = re.compile(r"gcp:.*/[a-zA-Z0-9]*i?(?:am|AM)(?:Member|Binding|Policy):\w+", re.IGNORECASE)
_WIDE = ("gcp:projects/", "gcp:folder/", "gcp:organizations/")
_PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"


def _grants(world: World) -> Iterator[tuple[Resource, Any, tuple[Any, ...]]]:
    """Who gets which role: each grant's resource, role and members."""
    for kind in sorted(world.types):
        if not _GRANT.fullmatch(kind):
            continue
        for resource in world.of_type(kind):
            for binding in _bindings(resource):
                members = binding.get("members", binding.get("member"))
                several = tuple(members) if is_list(members) else (members,)
                yield resource, binding.get("role"), several


def _bindings(resource: Resource) -> Iterable[Any]:
    """A member or a binding is one grant; a policy is a document of several."""
    written = at(resource, "policyData")
    if written == UNKNOWN:
        return ({"members": [UNKNOWN], "role": UNKNOWN},)
    if written is None:
        return (
            {
                key: at(resource, key)
                for key in ("role", "member", "members")
                if at(resource, key) is not None
            },
        )
    try:
        document = json.loads(written) if isinstance(written, str) else written
    except ValueError:
        return ()
    return blocks(document.get("bindings")) if isinstance(document, dict) else ()


def everybody(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No grant is for everybody in the world, or everybody with a Google account."""
    for resource, role, members in _grants(world):
        for member in members:
            if member in _EVERYBODY:
                yield Finding(f"'{resource.name}' gives {role} to {member}", resource)
                break
            if member == UNKNOWN and not (
                refers(resource, "member") or refers(resource, "members")
            ):
                yield undecided(resource, "members")


_GRANTEES = (
    "userByEmail",
    "groupByEmail",
    "domain",
    "specialGroup",
    "iamMember",
    "view",
    "dataset",
    "routine",
)


def datasets(world: World, _: NoSettings) -> Iterator[Judgement]:
    """The same of the access lists that BigQuery datasets hold; one without a name is anybody's."""
    lists = {
        "gcp:bigquery/dataset:Dataset": "accesses",
        "gcp:bigquery/datasetAccess:DatasetAccess": "",
    }
    for kind, path in lists.items():
        for resource in world.of_type(kind):
            found = at(resource, path) if path else [resource.inputs]
            if found == UNKNOWN:
                yield undecided(resource, path)
            for access in blocks(found):
                named = [access[key] for key in _GRANTEES if access.get(key)]
                public = _EVERYBODY.intersection(each for each in named if isinstance(each, str))
                if public or not named:
                    whom = "".join(public) or "nobody by name, thus to anybody"
                    role = access.get("role")
                    yield Finding(f"'{resource.name}' gives {role} to {whom}", resource)
                    break


def primitive(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Nobody is owner, editor or viewer of a whole project, folder or organisation."""
    for resource, role, _members in _grants(world):
        if not resource.type.startswith(_WIDE):
            continue
        if role == UNKNOWN and not refers(resource, "role"):
            yield undecided(resource, "role")
        elif role in _PRIMITIVE:
            yield Finding(f"'{resource.name}' gives {role} of all that there is", resource)


def impersonation(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Who may act as a service account is said of that account, not of all in a project."""
    for resource, role, _members in _grants(world):
        if resource.type.startswith(_WIDE) and role in _ACTING_AS:
            yield Finding(f"'{resource.name}' lets act as every service account: {role}", resource)


def administrators(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No service account administers a project."""
    for resource, role, members in _grants(world):
        wide = resource.type.startswith(_WIDE)
        over = role in ("roles/owner", "roles/editor") or str(role).lower().endswith("admin")
        if not wide or not over:
            continue
        if any(str(member).startswith("serviceAccount:") for member in members):
            yield Finding(f"'{resource.name}' makes a service account {role}", resource)


def keys(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No service account has keys that people keep: they leak, and hardly anybody rotates them."""
    for key in world.of_type("gcp:serviceaccount/key:Key"):
        yield Finding(f"'{key.name}' is a key of a service account, to be kept somewhere", key)


_CLAIM = r"(?:assertion|attribute|google)\.(?P<claim>\w+)"
_TEXT = r"['\"](?P<text>[^'\"]*)['\"]"
_CLAUSES = tuple(
    map(
        re.compile,
        (
            rf"{_CLAIM}\s*(?P<how>==)\s*{_TEXT}",
            rf"{_TEXT}\s*(?P<how>==)\s*{_CLAIM}",
            rf"{_CLAIM}\s*\.\s*(?P<how>startsWith|matches)\s*\(\s*{_TEXT}",
            rf"{_CLAIM}\s+(?P<how>in)\s*\[(?P<text>[^\]]*)\]",
        ),
    )
)
# What a condition rules out ties nothing.
_NEGATED = re.compile(r"!\s*(?:\([^()]*\)|[\w.]+(?:\([^()]*\))?)")
_OWNERS = frozenset({"repository", "repository_id", "repository_owner", "repository_owner_id"})
_SUBJECTS = frozenset({"sub", "subject"})


def actions(world: World, _: NoSettings) -> Iterator[Judgement]:
    """GitHub's tokens are taken only from repositories of one owner.

    Everybody's workflows get tokens of the same issuer, so a condition must tie the subject
    (``repo:OWNER/…``), the repository or its owner.
    """
    for provider in world.of_type(_PROVIDER):
        issuer = text(at(provider, "oidc.issuerUri")) or ""
        if "token.actions.githubusercontent.com" not in issuer:
            continue
        condition = at(provider, "attributeCondition")
        if condition == UNKNOWN:
            yield undecided(provider, "attributeCondition")
        elif not all(map(_ties, _NEGATED.sub("", str(condition or "")).split("||"))):
            shown = f"its condition is {condition}" if condition else "it has no condition"
            yield Finding(
                f"'{provider.name}' takes tokens of other people's repositories: {shown}", provider
            )


def _ties(alternative: str) -> bool:
    found = (each for clause in _CLAUSES for each in clause.finditer(alternative))
    return any(_names_owner(each["claim"], each["how"], each["text"]) for each in found)


def _names_owner(claim: str, how: str, written: str) -> bool:
    values = [part.strip(" '\"") for part in written.split(",")]
    if how == "matches":
        # A pattern without a beginning matches anywhere.
        values = [each[1:] if each[:1] == "^" else "" for each in values]
    if claim in _SUBJECTS:
        return all(re.match(r"repo:[\w.-]+/", each) for each in values)
    whole = how in ("==", "in")
    owner = r"[\w.-]+(/[\w.-]+)?$" if whole else r"[\w.-]+/"
    return claim in _OWNERS and all(re.match(owner, each) for each in values)


RULES: tuple[Rule, ...] = (
    Rule(
        id="no-public-members",
        title="No grant is for everybody",
        category="security",
        judge=together(everybody, datasets),
        remedy="name users, groups or service accounts as members",
        references=(
            "CKV_GCP_15",
            "CKV_GCP_28",
            "CKV_GCP_98",
            "CKV_GCP_99",
            "CKV_GCP_100",
            "CKV_GCP_101",
            "CKV_GCP_102",
            "CKV_GCP_107",
            "CKV_GCP_112",
        ),
        guides=(
            "CIS GCP Foundation: buckets, datasets and keys are not anonymously accessible",
            "IAM: allUsers and allAuthenticatedUsers",
        ),
        scope="resource",
    ),
    Rule(
        id="no-primitive-roles",
        title="Nobody has a basic role on a whole project",
        category="security",
        judge=primitive,
        remedy="give predefined roles, such as roles/storage.objectViewer, on what needs them",
        references=("CKV_GCP_115", "CKV_GCP_116", "CKV_GCP_117"),
        guides=("IAM: use least privilege; avoid basic roles in production",),
        scope="resource",
    ),
    Rule(
        id="no-project-wide-impersonation",
        title="Nobody may act as every service account of a project",
        category="security",
        judge=impersonation,
        remedy="give the role on that one account, with a serviceaccount.IAMMember",
        references=("CKV_GCP_41", "CKV_GCP_44", "CKV_GCP_45", "CKV_GCP_49"),
        guides=(
            "CIS GCP Foundation: Service Account User and Token Creator are not assigned "
            "at project level",
        ),
        scope="resource",
    ),
    Rule(
        id="no-administrator-accounts",
        title="No service account administers a project",
        category="security",
        judge=administrators,
        remedy="give the account the narrower roles that its work needs",
        references=("CKV_GCP_42",),
        guides=("CIS GCP Foundation: service accounts have no admin privileges",),
        scope="resource",
    ),
    Rule(
        id="no-account-keys",
        title="Service accounts have no keys that people keep",
        category="security",
        judge=keys,
        remedy="attach the account to the machine, or federate with a workload identity pool",
        guides=("CIS GCP Foundation: there are only GCP-managed service account keys",),
        scope="resource",
    ),
    Rule(
        id="identity-pools-restricted",
        title="Workload identity providers say whom they take",
        category="security",
        judge=stated({_PROVIDER: "attributeCondition"}, "takes every identity of its issuer"),
        remedy="set attribute_condition=\"assertion.repository_owner == 'your-organisation'\"",
        references=("CKV_GCP_118",),
        guides=("Best practices for Workload Identity Federation",),
        scope="resource",
    ),
    Rule(
        id="github-tokens-restricted",
        title="GitHub's tokens are taken from repositories of one owner",
        category="security",
        judge=actions,
        remedy="set attribute_condition=\"assertion.sub == 'repo:OWNER/REPO:ref:refs/heads/main'\"",
        references=("CKV_GCP_125",),
        guides=("Workload Identity Federation with deployment pipelines: GitHub",),
        scope="resource",
    ),
)
