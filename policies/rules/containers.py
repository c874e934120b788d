"""Containers and code on AWS: rights over their host, and whether they are what was built."""

from __future__ import annotations

from collections.abc import Iterator

from domain.frozen import Frozen
from domain.resources import SECRET, UNKNOWN
from policies.attributes import FALSE_BY_DEFAULT, PRESENT, TRUE, between, one_of, row, rule
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_JOB = "aws:batch/jobDefinition:JobDefinition"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_REPOSITORY = "aws:ecr/repository:Repository"
_MODEL = "aws:sagemaker/model:Model"


def judge_roles(world: World, _: NoSettings) -> Iterator[Judgement]:
    """The role that starts a task is not the one that the task bears: the first reads secrets
    and images, which what runs inside need not."""
    for task in world.of_type(_TASK):
        starts, bears = (task.inputs.get(key) for key in ("executionRoleArn", "taskRoleArn"))
        by_urn = [
            task.property_dependencies.get(key) for key in ("executionRoleArn", "taskRoleArn")
        ]
        if UNKNOWN in (starts, bears) or SECRET in (starts, bears):
            if starts and bears and by_urn[0] and by_urn[0] == by_urn[1]:
                yield Finding(f"'{task.name}' bears the role that starts it", task)
            elif starts and bears and not all(by_urn):
                yield Undecided(
                    f"which roles '{task.name}' has is known only after deployment", task
                )
        elif starts and starts == bears:
            yield Finding(f"'{task.name}' bears the role that starts it: {starts}", task)


class Versions(Frozen):
    """The oldest version of Kubernetes that will do."""

    oldest: str = "1.32"
    """By default the oldest that Amazon EKS supports, extended support included, at the end of
    2026 (Amazon EKS user guide, Kubernetes versions)."""


def judge_versions(world: World, settings: Versions) -> Iterator[Judgement]:
    """Clusters run a version of Kubernetes that is still mended; those that name none start with
    the newest."""
    for cluster in world.of_type("aws:eks/cluster:Cluster"):
        version = cluster.inputs.get("version")
        if version in (UNKNOWN, SECRET):
            yield Undecided(
                f"the version of '{cluster.name}' is known only after deployment", cluster
            )
        elif version is not None and _parts(str(version)) < _parts(settings.oldest):
            yield Finding(
                f"'{cluster.name}' runs Kubernetes {version}, which is no longer supported",
                cluster,
                f"set version='{settings.oldest}' or newer",
            )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


RULES: tuple[Rule, ...] = (
    rule(
        "containers-without-host-rights",
        "Containers have no rights of their host",
        """Jobs and builds do not run as privileged: a privileged container is its host.""",
        "runs with the rights of its host",
        [
            row(_JOB, "containerProperties.privileged", FALSE_BY_DEFAULT, "CKV_AWS_210"),
            row(
                "aws:codebuild/project:Project",
                "environment.privilegedMode",
                FALSE_BY_DEFAULT,
                "CKV_AWS_316",
            ),
            row(
                _JOB,
                "nodeProperties.nodeRangeProperties[].container.privileged",
                FALSE_BY_DEFAULT,
                "CKV_AWS_210",
            ),
            row(
                _JOB,
                "eksProperties.podProperties.containers[].securityContext.privileged",
                FALSE_BY_DEFAULT,
                "CKV_AWS_210",
            ),
            row(_TASK, "containerDefinitions[].privileged", FALSE_BY_DEFAULT),
        ],
        guides=("AWS Security Hub ECS.4 and CodeBuild.5",),
    ),
    rule(
        "containers-read-only",
        "Containers cannot change themselves",
        """The root file system of every container of a task is read-only: what broke in cannot
        stay.""",
        "may change its own files",
        [row(_TASK, "containerDefinitions[].readonlyRootFilesystem", TRUE, "CKV_AWS_336")],
        severity="advisory",
        guides=("AWS Security Hub ECS.5",),
    ),
    Rule(
        "tasks-two-roles",
        "Tasks do not bear the role that starts them",
        "security",
        judge_roles,
        "give task_role_arn a role of its own",
        references=("CKV_AWS_249",),
        guides=("Amazon ECS developer guide: best practices for IAM roles",),
        scope="resource",
    ),
    rule(
        "image-tags-fixed",
        "A tag of an image stays what it was",
        """Tags of images cannot be moved: what was tested is what runs.""",
        "lets tags be moved",
        [
            row(
                _REPOSITORY,
                "imageTagMutability",
                one_of("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"),
                "CKV_AWS_51",
            )
        ],
        guides=("AWS Security Hub ECR.2",),
    ),
    rule(
        "images-scanned",
        "Images are scanned as they come",
        """Images are searched for known holes when they are pushed.""",
        "does not scan images",
        [row(_REPOSITORY, "imageScanningConfiguration.scanOnPush", TRUE, "CKV_AWS_163")],
        severity="advisory",
        guides=("AWS Security Hub ECR.1",),
    ),
    rule(
        "changes-approved",
        "Nobody alone changes what is built",
        """Rules of approval ask for two people beside the author.""",
        "asks for too few approvals",
        [
            row(
                "aws:codecommit/approvalRuleTemplate:ApprovalRuleTemplate",
                "content.Statements[].NumberOfApprovalsNeeded",
                between(2),
                "CKV_AWS_257",
            )
        ],
        severity="advisory",
        guides=("AWS CodeCommit user guide: approval rule templates",),
    ),
    rule(
        "code-signed",
        "Functions run signed code only",
        """Functions check that their code was signed by whom they trust.""",
        "runs code of anybody",
        [row("aws:lambda/function:Function", "codeSigningConfigArn", PRESENT, "CKV_AWS_272")],
        severity="advisory",
        guides=("AWS Lambda developer guide: code signing",),
    ),
    Rule(
        "cluster-version-supported",
        "Clusters run a supported Kubernetes",
        "security",
        judge_versions,
        "upgrade version",
        settings=Versions,
        references=("CKV_AWS_339",),
        guides=("AWS Security Hub EKS.2",),
        scope="resource",
    ),
    rule(
        "notebooks-without-root",
        "Notebooks give no root",
        """Users of a notebook are not root on its machine, which would let them change what watches
        it.""",
        "gives its users root",
        [
            row(
                "aws:sagemaker/notebookInstance:NotebookInstance",
                "rootAccess",
                one_of("Disabled"),
                "CKV_AWS_307",
            )
        ],
        guides=("AWS Security Hub SageMaker.3",),
    ),
    rule(
        "models-isolated",
        "Models reach no network",
        """Containers of a hosted model make no calls of their own: a poisoned model, or a library
        in it, then sends nothing out.""",
        "may call out",
        [row(_MODEL, "enableNetworkIsolation", TRUE, "CKV_AWS_370")],
        severity="advisory",
        guides=("AWS Security Hub SageMaker.5",),
    ),
)
