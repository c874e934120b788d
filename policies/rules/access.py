"""Whom resources on AWS let in by policies and lists of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from domain.costing.values import blocks
from domain.resources import UNKNOWN, Resource
from policies.attributes import TRUE, TRUE_BY_DEFAULT, none_of, one_of, row, rule
from policies.documents import Document, Statement, documents, is_confined, is_everybody, statements
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_BUCKETS = {
    "aws:s3/bucket:Bucket": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
}
_QUEUES = {
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
}
_OTHERS = {
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:codeartifact/domainPermissionsPolicy:DomainPermissionsPolicy": "policyDocument",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:glacier/vault:Vault": "accessPolicy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
}


def _judge(
    places: Mapping[str, str],
    fault: Callable[[Document, Statement], str | Undecided | None],
    why: str,
) -> Callable[[World, NoSettings], Iterator[Judgement]]:
    """A judge that finds the first statement of a resource with a fault."""

    def judge(world: World, _: NoSettings) -> Iterator[Judgement]:
        for document in documents(world, places):
            if document.statements is None:
                yield document.unread
                continue
            faults = (fault(document, each) for each in document.statements)
            wrong = next((each for each in faults if each), None)
            if isinstance(wrong, Undecided):
                yield wrong
            elif wrong:
                yield Finding(f"'{document.resource.name}' {wrong}", document.resource)

    judge.__doc__ = why
    return judge


def _public(_: Document, statement: Statement) -> str | None:
    everybody = [each for each in statement.identities if is_everybody(each)]
    if not statement.allows or not everybody or is_confined(statement):
        return None
    actions = ", ".join(statement.actions[:3])
    return f"allows {actions} to {'everybody' if everybody[0] == '*' else everybody[0]}"


def _any_action(_: Document, statement: Statement) -> str | None:
    wide = [each for each in statement.actions if each in ("*", "sqs:*", "sns:*")]
    if statement.allows and wide:
        return f"allows every action ({wide[0]})"
    return None


def _locks_out(_: Document, statement: Statement) -> str | None:
    everything = any(each in ("*", "s3:*") for each in statement.actions)
    if statement.allows or statement.conditions or statement.all_but or not everything:
        return None
    return "denies everything to everybody, its owner too" if "*" in statement.identities else None


def _other_account(document: Document, statement: Statement) -> str | Undecided | None:
    if not statement.allows or is_confined(statement):
        return None
    if any(map(is_everybody, statement.identities)):
        return "lets every account in"
    named = [each for each in map(_account_of, statement.identities) if each]
    if not named:
        return None
    arns = (document.resource.inputs.get("arn"), *statement.resources)
    own = next((each for each in map(_account_of, arns) if each), None)
    if own is None:
        return Undecided(
            f"the account of '{document.resource.name}' is known only after deployment",
            document.resource,
        )
    foreign = next((each for each in named if each != own), None)
    return f"lets the account {foreign} in" if foreign else None


def _account_of(principal: object) -> str | None:
    """The account of an ARN, or the account that is written alone."""
    found = re.match(r"(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?::|$)", str(principal))
    return found.group(1) if found else None


_EVERYBODY = re.compile(r".*/groups/global/(AllUsers|AuthenticatedUsers)$")
_MANAGES = ("FULL_CONTROL", "READ_ACP", "WRITE_ACP")
_ACL = "aws:s3/bucketAcl:BucketAcl"
_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read", "website")


def _grants(world: World) -> Iterator[tuple[Resource, str]]:
    """Every permission that a list gives to everybody, and the resource that holds the list."""
    for acl in world.of_type(_ACL):
        for policy in blocks(acl.inputs.get("accessControlPolicy")):
            for each in blocks(policy.get("grants")):
                grantee = next(iter(blocks(each.get("grantee"))), {})
                if _EVERYBODY.match(str(grantee.get("uri"))):
                    yield acl, str(each.get("permission"))
    for bucket in world.of_type("aws:s3/bucket:Bucket"):
        for each in blocks(bucket.inputs.get("grants")):
            if _EVERYBODY.match(str(each.get("uri"))):
                for permission in each.get("permissions") or ():
                    yield bucket, str(permission)


def judge_lists(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No list of access lets everybody read or write a bucket."""
    found: dict[str, tuple[Resource, str]] = {}
    for holder, permission in _grants(world):
        found.setdefault(holder.urn, (holder, permission))
    for holder, permission in found.values():
        yield Finding(f"'{holder.name}' gives {permission} to everybody", holder)
    for holder in world.of_type("aws:s3/bucket:Bucket", _ACL):
        if holder.inputs.get("acl") == UNKNOWN:
            yield Undecided(f"the acl of '{holder.name}' is known only after deployment", holder)
        elif holder.inputs.get("acl") in _PUBLIC_ACLS and holder.urn not in found:
            yield Finding(f"'{holder.name}' is open to everybody: {holder.inputs['acl']}", holder)


def judge_managed_lists(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No list of access lets everybody see or change who has access to a bucket."""
    found = {
        holder.urn: (holder, permission)
        for holder, permission in _grants(world)
        if permission in _MANAGES
    }
    for holder, permission in found.values():
        yield Finding(f"'{holder.name}' gives {permission} to everybody", holder)


def judge_plain_requests(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Every bucket's policy denies requests without TLS, which S3 would take."""
    for bucket in world.of_type("aws:s3/bucket:Bucket"):
        holders = (bucket, *world.users(bucket, "aws:s3/bucketPolicy:BucketPolicy"))
        written = [each.inputs.get("policy") for each in holders if each.inputs.get("policy")]
        policies = [statements(each) for each in written]
        if any(_denies_plain(each) for policy in policies for each in policy or ()):
            continue
        if None in policies:
            yield Undecided(f"the policy of '{bucket.name}' is known only after deployment", bucket)
        else:
            yield Finding(f"'{bucket.name}' takes requests without TLS", bucket)


def _denies_plain(statement: Statement) -> bool:
    return not statement.allows and any(
        key == "aws:securetransport" and "false" in (each.lower() for each in values)
        for _, key, values in statement.conditions
    )


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

RULES: tuple[Rule, ...] = (
    Rule(
        "no-public-policies",
        "No resource's policy lets everybody in",
        "security",
        _judge(
            {**_BUCKETS, **_QUEUES, **_OTHERS},
            _public,
            """No bucket, queue, topic, repository, key, file system or vault lets everybody in,
            unless a condition holds callers to an account, a network or an organisation.""",
        ),
        "name accounts or roles as principals, or add a condition such as aws:PrincipalOrgID",
        references=("CKV_AWS_32", "CKV_AWS_70", "CKV_AWS_167", "CKV_AWS_168", "CKV_AWS_387"),
        guides=("AWS Security Hub S3.2, S3.3, SNS.4 and SQS.3, KMS.5",),
        scope="resource",
    ),
    Rule(
        "queue-policies-name-actions",
        "Policies of queues and topics name their actions",
        "security",
        _judge(
            _QUEUES,
            _any_action,
            "A sender may send, a receiver receive: nobody may do everything with a queue.",
        ),
        "name the actions that are needed, such as sqs:SendMessage",
        references=("CKV_AWS_72",),
        guides=("Amazon SQS developer guide: least-privilege access",),
        scope="resource",
    ),
    Rule(
        "topics-keep-to-account",
        "Topics let no other account in unnoticed",
        "security",
        _judge(
            {kind: key for kind, key in _QUEUES.items() if "aws:sns" in kind},
            _other_account,
            """Topics let identities of other accounts in under a condition only, which says whom
            exactly.""",
        ),
        "add a condition such as ArnEquals: {'aws:PrincipalArn': ...}",
        references=("CKV_AWS_385",),
        guides=("Amazon SNS developer guide: security best practices",),
        scope="resource",
    ),
    Rule(
        "no-lock-out",
        "No bucket locks its owner out",
        "security",
        _judge(
            _BUCKETS,
            _locks_out,
            """A policy that denies everything to everybody leaves only the root user to undo
            it.""",
        ),
        "deny named actions, or add a condition",
        references=("CKV_AWS_93",),
        guides=("Amazon S3 user guide: bucket policies",),
        scope="resource",
    ),
    Rule(
        "buckets-tls-only",
        "Buckets take requests over TLS only",
        "security",
        judge_plain_requests,
        "deny s3:* to everybody under Bool: {'aws:SecureTransport': 'false'}",
        guides=("CIS AWS Foundations 3.0, 2.1.1", "AWS Security Hub S3.5"),
    ),
    Rule(
        "no-public-buckets",
        "No list opens a bucket to everybody",
        "security",
        judge_lists,
        "set acl='private', or own objects as the bucket's owner and have no lists at all",
        references=("CKV_AWS_20", "CKV_AWS_57"),
        guides=("CIS AWS Foundations 3.0, 2.1.4", "AWS Security Hub S3.2 and S3.3"),
        scope="resource",
    ),
    Rule(
        "no-public-access-lists",
        "Nobody sees or changes lists of access without a name",
        "security",
        judge_managed_lists,
        "leave out the grant",
        references=("CKV_AWS_375",),
        guides=("Amazon S3 user guide: access control lists", "AWS Security Hub S3.12"),
        scope="resource",
    ),
    rule(
        "public-access-blocked",
        "Public access is blocked as a whole",
        """Blocks on public access are on, all of them: they hold whatever a later policy says.""",
        "leaves a way open to the public",
        [
            *(
                row("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", key, TRUE, check)
                for key, check in zip(
                    _BLOCKS, ("CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56"), strict=True
                )
            ),
            *(
                row("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", key, TRUE)
                for key in _BLOCKS
            ),
            *(
                row(
                    "aws:s3/accessPoint:AccessPoint",
                    f"publicAccessBlockConfiguration.{key}",
                    TRUE_BY_DEFAULT,
                    "CKV_AWS_392",
                )
                for key in _BLOCKS
            ),
            row(
                "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration",
                "blockPublicSecurityGroupRules",
                TRUE,
                "CKV_AWS_390",
            ),
            row(
                "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
                "state",
                one_of("block-new-sharing"),
            ),
            row(
                "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
                "state",
                none_of("unblocked", instead="block-all-sharing"),
            ),
        ],
        guides=("CIS AWS Foundations 3.0, 2.1.4", "AWS Security Hub S3.1, S3.8, S3.19 and EMR.2"),
    ),
)
