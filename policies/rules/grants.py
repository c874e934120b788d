"""What policies of AWS IAM allow: nothing by the dozen, and nothing that opens the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from policies.actions import CREDENTIALS, ESCALATIONS, PERMISSIONS, UNCONFINABLE
from policies.documents import Statement, documents
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_IDENTITY_POLICIES = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/role:Role": "inlinePolicies[].policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}

Fault = Callable[[Statement], str | None]
DocumentFault = Callable[[tuple[Statement, ...]], str | None]
_ANY_ACTION = ("*", "*:*")


def _on_everything(statement: Statement) -> bool:
    return statement.allows and "*" in statement.resources


def grants(statement: Statement, action: str) -> bool:
    """Whether a statement speaks of an action, which is in lower case."""
    named = any(fnmatchcase(action, each) for each in statement.actions)
    return named != statement.all_but


def _everything(statement: Statement) -> str | None:
    if _on_everything(statement) and _any_action(statement):
        return "allows everything on everything"
    return None


def _any_action(statement: Statement) -> str | None:
    every = any(each in _ANY_ACTION for each in statement.actions)
    if statement.allows and every and not statement.all_but:
        return "allows every action of every service"
    return None


def _first(actions: tuple[str, ...], what: str) -> Fault:
    def fault(statement: Statement) -> str | None:
        if not _on_everything(statement) or statement.conditions:
            return None
        found = next((each for each in actions if grants(statement, each)), None)
        return f"allows {found} on every resource, {what}" if found else None

    return fault


def _escalation(statements: tuple[Statement, ...]) -> str | None:
    """Several rights that make one are as much in two statements as in one."""
    wide = [each for each in statements if _on_everything(each) and not each.conditions]
    for several in ESCALATIONS:
        if all(any(grants(each, action) for each in wide) for action in several):
            return f"allows {' with '.join(several)} on every resource, which is every right"
    return None


def _first_of(fault: Fault) -> DocumentFault:
    """The first fault that a statement has by itself."""

    def first(statements: tuple[Statement, ...]) -> str | None:
        return next(filter(None, map(fault, statements)), None)

    return first


def _unconfined(statement: Statement) -> str | None:
    if not _on_everything(statement) or statement.conditions:
        return None
    if statement.all_but:
        return "allows on every resource whatever it does not name"
    for action in statement.actions:
        if not _cannot_be_confined(action):
            return f"allows {action} on every resource"
    return None


def _cannot_be_confined(action: str) -> bool:
    """Whether an action, or all that a pattern matches, takes no resource."""
    one_description = action.startswith("ec2:describe") and "*" not in action
    return one_description or any(fnmatchcase(action, each) for each in UNCONFINABLE)


def _judge(fault: DocumentFault, why: str) -> Callable[[World, NoSettings], Iterator[Judgement]]:
    """A judge that finds the first fault of each resource's policies."""

    def judge(world: World, _: NoSettings) -> Iterator[Judgement]:
        found = set()
        for document in documents(world, _IDENTITY_POLICIES):
            resource = document.resource
            if resource.urn in found:
                continue
            if document.statements is None:
                yield document.unread
                continue
            if wrong := fault(document.statements):
                found.add(resource.urn)
                yield Finding(f"'{resource.name}' {wrong}", resource)

    judge.__doc__ = why
    return judge


_GUIDE = "AWS IAM user guide: apply least-privilege permissions"
_NAME_ACTIONS = "name the actions that are needed, and the ARNs of what they are needed on"

RULES: tuple[Rule, ...] = (
    Rule(
        "no-full-administrator",
        "No policy allows everything on everything",
        "security",
        _judge(
            _first_of(_everything),
            "No policy allows ``*`` on ``*``: whoever gets hold of its bearer has the account.",
        ),
        _NAME_ACTIONS,
        references=("CKV_AWS_62",),
        guides=("CIS AWS Foundations 3.0, 1.16", "AWS Security Hub IAM.1"),
        scope="resource",
    ),
    Rule(
        "no-wildcard-actions",
        "Policies name their actions",
        "security",
        _judge(_first_of(_any_action), "No policy allows every action, not even on one resource."),
        _NAME_ACTIONS,
        references=("CKV_AWS_63",),
        guides=("AWS Security Hub IAM.21", _GUIDE),
        scope="resource",
    ),
    Rule(
        "no-credentials-exposed",
        "No policy hands out credentials of everybody",
        "security",
        _judge(
            _first_of(_first(CREDENTIALS, "whose answer is a credential")),
            """Actions that make or return credentials are allowed on named resources only:
            otherwise the bearer becomes whom it likes.""",
        ),
        _NAME_ACTIONS,
        references=("CKV_AWS_287",),
        guides=(_GUIDE, "AWS Service Authorization Reference"),
        scope="resource",
    ),
    Rule(
        "no-permissions-management",
        "No policy manages the rights of everything",
        "security",
        _judge(
            _first_of(_first(PERMISSIONS, "which changes who may do what")),
            """Actions that change who may do what are allowed on named resources only, or under
            a condition: otherwise the bearer opens whatever it likes to whom it likes.""",
        ),
        _NAME_ACTIONS,
        references=("CKV_AWS_289",),
        guides=(_GUIDE, "AWS Service Authorization Reference: permissions management"),
        scope="resource",
    ),
    Rule(
        "no-privilege-escalation",
        "No policy makes its bearer an administrator",
        "security",
        _judge(
            _escalation,
            """No policy allows what raises its bearer to an administrator, such as writing a
            policy of its own, or starting a machine with any role.""",
        ),
        _NAME_ACTIONS,
        references=("CKV_AWS_286",),
        guides=(_GUIDE,),
        scope="resource",
    ),
    Rule(
        "no-wildcard-resources",
        "Policies name their resources",
        "security",
        _judge(
            _first_of(_unconfined),
            """Actions that can be confined to resources are: ``*`` stands only with those that
            take no resource, and with conditions. A pattern of actions such as ec2:Describe*
            matches some of both kinds.""",
        ),
        "name the ARNs of what the actions are needed on, or add a condition",
        references=("CKV_AWS_355",),
        guides=(_GUIDE, "AWS Service Authorization Reference"),
        scope="resource",
    ),
)
