"""Machines on AWS: what asks them who they are, and how groups of them start."""

from __future__ import annotations

from policies.attributes import PRESENT, between, none_of, one_of, row, rule
from policies.rule import Rule

_INSTANCE = "aws:ec2/instance:Instance"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
_GROUP = "aws:autoscaling/group:Group"
_NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"
_ANSWERS = (("metadataOptions.httpEndpoint", none_of("disabled", instead="enabled")),)

_TAGS = [{"key": "<a tag>", "value": "<its value>", "propagateAtLaunch": True}]

RULES: tuple[Rule, ...] = (
    rule(
        "imds-v2",
        "Machines ask for a token before they tell who they are",
        """The metadata service of a machine takes requests with a token only (IMDSv2), or none:
        without, one forged request from inside fetches the credentials of its role.""",
        "tells its credentials without a token (IMDSv1)",
        [
            *(
                row(
                    kind,
                    "metadataOptions.httpTokens",
                    one_of("required"),
                    "CKV_AWS_79",
                    where=_ANSWERS,
                )
                for kind in (_INSTANCE, _TEMPLATE, _CONFIGURATION)
            ),
            row(
                _NOTEBOOK,
                "instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion",
                one_of("2"),
                "CKV_AWS_371",
            ),
        ],
        guides=(
            "CIS AWS Foundations 3.0, 5.6",
            "AWS Security Hub EC2.8 and AutoScaling.3",
            "Amazon EC2 user guide: IMDS",
        ),
    ),
    rule(
        "imds-one-hop",
        "Metadata goes no further than the machine",
        """Answers of the metadata service live for one hop: a container behind a bridge, or a proxy
        that was left open, does not get them.""",
        "lets answers of its metadata service travel",
        [
            row(
                kind,
                "metadataOptions.httpPutResponseHopLimit",
                between(1, 1, by_default=True),
                "CKV_AWS_341",
            )
            for kind in (_TEMPLATE, _CONFIGURATION)
        ],
        guides=("AWS Security Hub AutoScaling.4", "Amazon EC2 user guide: IMDS"),
    ),
    rule(
        "launch-templates",
        "Groups start machines from templates",
        """Groups name a launch template: launch configurations know neither new machine types nor
        new options, and accounts that are new cannot make them.""",
        "starts machines from a launch configuration",
        [
            row(
                _GROUP,
                "launchTemplate | mixedInstancesPolicy",
                PRESENT,
                "CKV_AWS_315",
                example={"id": "<id of a launch template>", "version": "$Latest"},
            )
        ],
        guides=("AWS Security Hub AutoScaling.9",),
    ),
    rule(
        "group-tags",
        "Groups hand tags to their machines",
        """Groups have tags, which their machines get: bills and searches find those by nothing
        else.""",
        "has no tags",
        [row(_GROUP, "tags", PRESENT, "CKV_AWS_153", example=_TAGS)],
        severity="advisory",
        category="hygiene",
        guides=("Amazon EC2 Auto Scaling user guide: tag groups and instances",),
    ),
    rule(
        "ebs-optimised",
        "Machines have a lane of their own to their disks",
        """Machines are EBS-optimised: disks do not share a lane with the network. Present types are
        so by themselves.""",
        "shares its network with its disks",
        [
            row(_INSTANCE, "ebsOptimized", none_of("false", False, instead=True), "CKV_AWS_135"),
            row(_TEMPLATE, "ebsOptimized", none_of("false", False, instead="true")),
        ],
        severity="advisory",
        category="reliability",
        guides=("Amazon EC2 user guide: EBS-optimized instance types",),
    ),
)
