"""What of a stack on AWS can be reached from the internet: addresses and endpoints."""

from __future__ import annotations

from typing import Any

from domain.costing.values import is_list, truth
from policies.attributes import (
    FALSE,
    FALSE_BY_DEFAULT,
    PRESENT,
    TRUE,
    TRUE_BY_DEFAULT,
    Want,
    none_of,
    one_of,
    row,
    rule,
)
from policies.rule import Rule
from policies.rules.ingress import is_internet

_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_EKS = "aws:eks/cluster:Cluster"
_REDSHIFT = "aws:redshift/cluster:Cluster"
_NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"

_ADDRESSES = (
    row("aws:ec2/instance:Instance", "associatePublicIpAddress", FALSE_BY_DEFAULT, "CKV_AWS_88"),
    row(
        "aws:ec2/launchConfiguration:LaunchConfiguration",
        "associatePublicIpAddress",
        FALSE_BY_DEFAULT,
        "CKV_AWS_389",
    ),
    row(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "networkInterfaces[].associatePublicIpAddress",
        Want(lambda value: not truth(value), "false", absent=True),
        "CKV_AWS_88",
    ),
    row("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", FALSE_BY_DEFAULT, "CKV_AWS_130"),
    row(
        "aws:ecs/service:Service",
        "networkConfiguration.assignPublicIp",
        FALSE_BY_DEFAULT,
        "CKV_AWS_333",
    ),
    row(
        _NOTEBOOK,
        "directInternetAccess",
        none_of("Enabled", instead="Disabled", absent=False),
        "CKV_AWS_122",
    ),
)

_INSIDE = {"subnetIds": ["<a private subnet>"], "securityGroupIds": ["<its group>"]}
_DATABASES = (
    row("aws:rds/instance:Instance", "publiclyAccessible", FALSE_BY_DEFAULT, "CKV_AWS_17"),
    row(
        "aws:rds/clusterInstance:ClusterInstance",
        "publiclyAccessible",
        FALSE_BY_DEFAULT,
        "CKV_AWS_17",
    ),
    row(_REDSHIFT, "publiclyAccessible", FALSE_BY_DEFAULT, "CKV_AWS_87"),
    row(
        "aws:dms/replicationInstance:ReplicationInstance",
        "publiclyAccessible",
        FALSE_BY_DEFAULT,
        "CKV_AWS_89",
    ),
    row("aws:mq/broker:Broker", "publiclyAccessible", FALSE_BY_DEFAULT, "CKV_AWS_69"),
    row(
        "aws:msk/cluster:Cluster",
        "brokerNodeGroupInfo.connectivityInfo.publicAccess.type",
        one_of("DISABLED", by_default=True),
        "CKV_AWS_291",
    ),
    *(row(kind, "vpcOptions", PRESENT, "CKV_AWS_137", example=_INSIDE) for kind in _DOMAINS),
)

_NETWORKS = (
    row(_REDSHIFT, "clusterSubnetGroupName", PRESENT, "CKV_AWS_154"),
    row(_NOTEBOOK, "subnetId", PRESENT, "CKV_AWS_306"),
    *(
        row(
            kind,
            "vpcOptions.securityGroupIds",
            PRESENT,
            "CKV_AWS_248",
            where=[("vpcOptions", Want(lambda _: True, {}))],
            wrong="is in the default security group",
            example=_INSIDE,
        )
        for kind in _DOMAINS
    ),
    row(
        "aws:transfer/server:Server",
        "endpointType",
        one_of("VPC", "VPC_ENDPOINT"),
        "CKV_AWS_164",
    ),
)

_USUAL_NAMES = ("admin", "administrator", "awsuser", "root")


def _narrow(cidrs: Any) -> bool:
    return is_list(cidrs) and bool(cidrs) and not any(map(is_internet, cidrs))


RULES: tuple[Rule, ...] = (
    rule(
        "no-public-addresses",
        "Machines have no public address",
        """Machines, containers and notebooks have no address of their own on the internet; they
        reach out through a gateway, and people reach them through Session Manager.""",
        "gets a public address",
        _ADDRESSES,
        guides=("AWS Security Hub EC2.9, EC2.15, EC2.25, AutoScaling.5, ECS.2, SageMaker.1",),
    ),
    rule(
        "databases-private",
        "Databases and brokers are not on the internet",
        """Stores of data answer inside the network only.""",
        "can be reached from the internet",
        _DATABASES,
        guides=(
            "CIS AWS Foundations 3.0, 2.3.3",
            "AWS Security Hub RDS.2, Redshift.1, DMS.1, MSK.4, Opensearch.2",
        ),
    ),
    rule(
        "inside-own-network",
        "Services stand in a network of one's own",
        """Services that may stand outside a VPC stand in one, in a group that says who may enter:
        its route tables, security groups and flow logs then hold for them too.""",
        "stands outside your network",
        _NETWORKS,
        guides=("AWS Security Hub SageMaker.2", "Amazon OpenSearch developer guide: VPC support"),
    ),
    rule(
        "cluster-control-plane-restricted",
        "Not everybody reaches a cluster's control plane",
        """Where a Kubernetes API is on the internet at all, it answers named networks only.""",
        "lets the whole internet reach its control plane",
        [
            row(
                _EKS,
                "vpcConfig.publicAccessCidrs",
                Want(_narrow, ["10.0.0.0/8"]),
                "CKV_AWS_38",
                where=[("vpcConfig.endpointPublicAccess", TRUE_BY_DEFAULT)],
            )
        ],
        guides=("AWS Security Hub EKS.1", "Amazon EKS user guide: cluster endpoint access"),
    ),
    rule(
        "cluster-endpoint-private",
        "A cluster's control plane is off the internet",
        """A Kubernetes API answers inside the network only.""",
        "has its control plane on the internet",
        [row(_EKS, "vpcConfig.endpointPublicAccess", FALSE, "CKV_AWS_39")],
        severity="advisory",
        guides=("AWS Security Hub EKS.1", "Amazon EKS user guide: cluster endpoint access"),
    ),
    rule(
        "warehouse-traffic-inside",
        "A warehouse moves data inside the network",
        """Redshift copies to and from S3 through the VPC, where endpoints, groups and flow logs see
        it, and not over the internet.""",
        "moves data outside your network",
        [row(_REDSHIFT, "enhancedVpcRouting", TRUE, "CKV_AWS_321")],
        guides=("AWS Security Hub Redshift.7",),
    ),
    rule(
        "no-default-database-name",
        "A warehouse's database has a name of its own",
        """The name that every Redshift cluster has by default is the first that is tried.""",
        "has the default database",
        [
            row(
                _REDSHIFT,
                "databaseName",
                none_of("dev", "", instead="analytics", absent=False),
                "CKV_AWS_320",
            )
        ],
        severity="advisory",
        guides=("AWS Security Hub Redshift.9",),
    ),
    rule(
        "no-usual-administrator",
        "No warehouse on the internet has an administrator whose name everybody knows",
        """A public warehouse whose administrator is called as most are is half open.""",
        "is on the internet, and its administrator has a name that is tried first",
        [
            row(
                _REDSHIFT,
                "masterUsername",
                Want(lambda name: str(name).lower() not in _USUAL_NAMES, "...", absent=True),
                "CKV_AWS_391",
                where=[("publiclyAccessible", TRUE)],
            )
        ],
        guides=("AWS Security Hub Redshift.8",),
    ),
)
