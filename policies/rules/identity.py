"""Who bears rights on AWS: users, roles and whom those trust, and who comes in without a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.costing.values import is_list
from domain.resources import UNKNOWN
from policies.attributes import ABSENT, FALSE_BY_DEFAULT, TRUE, Want, none_of, one_of, row, rule
from policies.documents import Statement, documents, is_confined
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_ROLE = "aws:iam/role:Role"
_TRUSTS = {_ROLE: "assumeRolePolicy"}
_ACCOUNT = re.compile(r"\d{12}|arn:aws[\w-]*:iam::\d{12}:root|\*")
_GITHUB = "token.actions.githubusercontent.com"
_REPOSITORY = re.compile(r"repo:[^*?:/]+/.+")

_ATTACHMENTS = (
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
)


def judge_trust(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Roles trust named roles, users and services, not whole accounts, unless a condition says
    which of an account: otherwise every identity there may take them."""
    for document in documents(world, _TRUSTS):
        role = document.resource
        if document.statements is None:
            yield document.unread
            continue
        trusted = (
            name
            for statement in document.statements
            if statement.allows and not is_confined(statement)
            for name in statement.identities
            if _ACCOUNT.fullmatch(name)
        )
        if (name := next(trusted, None)) is not None:
            yield Finding(
                f"'{role.name}' may be taken by "
                + ("everybody" if name == "*" else f"every identity of the account {name}"),
                role,
            )


def judge_github(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Roles that GitHub Actions may take say of which organisation's repositories: every
    workflow of everybody has a token of the same issuer."""
    for document in documents(world, _TRUSTS):
        role = document.resource
        if document.statements is None:
            yield document.unread
        elif not all(_names_repository(each) for each in document.statements):
            yield Finding(f"'{role.name}' may be taken by workflows of other organisations", role)


def _names_repository(statement: Statement) -> bool:
    if not statement.allows or not any(_GITHUB in name for _, name in statement.principals):
        return True
    subjects = [
        values
        for operator, key, values in statement.conditions
        if key.startswith(_GITHUB) and key.endswith(":sub") and "not" not in operator.lower()
    ]
    return any(all(_REPOSITORY.match(each) for each in values) for values in subjects)


def judge_administrators(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Nobody gets Amazon's policies AdministratorAccess, which allows everything, and
    IAMFullAccess, by which one gives oneself the rest."""
    yield from _handed_out(world, ("AdministratorAccess", "IAMFullAccess"))


def judge_power_users(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Nobody gets Amazon's policy PowerUserAccess, which allows everything but to manage
    identities: who works with a stack needs a few services."""
    yield from _handed_out(world, ("PowerUserAccess",))


def _handed_out(world: World, policies: tuple[str, ...]) -> Iterator[Judgement]:
    for kind in (*_ATTACHMENTS, _ROLE):
        key = {_ROLE: "managedPolicyArns", _ATTACHMENTS[-1]: "managedPolicyArn"}.get(
            kind, "policyArn"
        )
        for resource in world.of_type(kind):
            arns = resource.inputs.get(key)
            several: list[Any] = list(arns or ()) if is_list(arns) else [arns]
            names = [str(arn).rpartition(":policy/")[2] for arn in several]
            found = [each for each in policies if each in names]
            if found:
                yield Finding(f"'{resource.name}' hands out {' and '.join(found)}", resource)
            elif UNKNOWN in several and not resource.property_dependencies.get(key):
                yield Undecided(
                    f"{key} of '{resource.name}' is known only after deployment", resource
                )


_ENGINES = (("engine", one_of("mariadb", "mysql", "postgres")),)

RULES: tuple[Rule, ...] = (
    rule(
        "no-rights-of-users",
        "Rights belong to groups and roles, not to users",
        """No policy hangs on a user: rights that are given one by one are never taken back.""",
        "gives rights to users one by one",
        [
            row("aws:iam/policyAttachment:PolicyAttachment", "users", ABSENT, "CKV_AWS_40"),
            *(
                row(kind, "user", ABSENT, "CKV_AWS_40")
                for kind in (
                    "aws:iam/userPolicy:UserPolicy",
                    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
                )
            ),
        ],
        remedy="attach the policy to a group or a role",
        guides=("CIS AWS Foundations 3.0, 1.15", "AWS Security Hub IAM.2"),
    ),
    Rule(
        "roles-trust-named-identities",
        "Roles trust named identities",
        "security",
        judge_trust,
        "name roles or services as principals, or add a condition such as sts:ExternalId",
        references=("CKV_AWS_61", "CKV_AWS_60"),
        guides=("AWS IAM user guide: the confused deputy problem, role trust policies",),
        scope="resource",
    ),
    Rule(
        "github-tokens-restricted",
        "GitHub's tokens are taken from named repositories only",
        "security",
        judge_github,
        f"add the condition StringLike: {{'{_GITHUB}:sub': 'repo:ORG/REPO:*'}}",
        references=("CKV_AWS_393",),
        guides=("GitHub Actions documentation: configuring OpenID Connect in AWS",),
        scope="resource",
    ),
    Rule(
        "no-administrator-access",
        "Nobody is given AdministratorAccess or IAMFullAccess",
        "security",
        judge_administrators,
        "attach a policy that names what is needed",
        references=("CKV_AWS_274",),
        guides=("CIS AWS Foundations 3.0, 1.16", "AWS IAM user guide: least privilege"),
        scope="resource",
    ),
    Rule(
        "no-power-users",
        "Nobody is given PowerUserAccess",
        "security",
        judge_power_users,
        "attach a policy that names what is needed",
        severity="advisory",
        guides=("AWS IAM user guide: least privilege",),
        scope="resource",
    ),
    rule(
        "no-lasting-keys",
        "Nobody has keys that last",
        """Programs take a role, whose keys last for hours: an access key of a user works until
        somebody takes it back, and its secret stands in the state of the stack.""",
        "is a key that lasts",
        [
            row(
                "aws:iam/accessKey:AccessKey",
                "status",
                Want(lambda value: value == "Inactive", None),
            )
        ],
        severity="advisory",
        remedy="let whoever uses it take a role: of its machine, its service or by OpenID Connect",
        guides=("CIS AWS Foundations 3.0, 1.14", "AWS Security Hub IAM.3 and IAM.22"),
    ),
    rule(
        "no-root-keys",
        "The root user has no access keys",
        """No key belongs to the root user: nothing confines it.""",
        "is a key of the root user",
        [
            row(
                "aws:iam/accessKey:AccessKey",
                "user",
                none_of("root", "<root_account>", instead="..."),
                "CKV_AWS_348",
            )
        ],
        guides=("CIS AWS Foundations 3.0, 1.4", "AWS Security Hub IAM.4"),
    ),
    rule(
        "databases-know-identities",
        "Databases take IAM's identities",
        """Databases take tokens of IAM, which last minutes, beside passwords, which last for
        years.""",
        "takes passwords only",
        [
            row(kind, "iamDatabaseAuthenticationEnabled", TRUE, check, where=where)
            for kind, check, where in (
                ("aws:rds/instance:Instance", "CKV_AWS_161", _ENGINES),
                ("aws:rds/cluster:Cluster", "CKV_AWS_162", ()),
                ("aws:neptune/cluster:Cluster", "CKV_AWS_359", ()),
            )
        ],
        severity="advisory",
        guides=("AWS Security Hub RDS.10, RDS.12 and Neptune.7",),
    ),
    rule(
        "no-strangers",
        "Nobody comes in without a name",
        """Function URLs, routes and identity pools ask who is there.""",
        "lets strangers in",
        [
            row(
                "aws:lambda/functionUrl:FunctionUrl",
                "authorizationType",
                one_of("AWS_IAM"),
                "CKV_AWS_258",
            ),
            row(
                "aws:apigatewayv2/route:Route",
                "authorizationType",
                none_of("NONE", instead="AWS_IAM", absent=False),
                "CKV_AWS_309",
            ),
            row(
                "aws:cognito/identityPool:IdentityPool",
                "allowUnauthenticatedIdentities",
                FALSE_BY_DEFAULT,
                "CKV_AWS_366",
            ),
            row(
                "aws:ssm/document:Document",
                "permissions.account_ids",
                Want(lambda value: str(value).lower() != "all", "123456789012", absent=True),
                "CKV_AWS_303",
            ),
        ],
        guides=(
            "AWS Security Hub APIGateway.8, Cognito.2",
            "AWS Lambda developer guide: function URLs",
        ),
    ),
)
