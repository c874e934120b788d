"""Costers of AWS: one module a service, each with its table of types."""

from __future__ import annotations

from domain.costing.aws import (
    dynamodb,
    ebs,
    ec2,
    ecr,
    ecs,
    eks,
    file_storage,
    groups,
    kinesis,
    load_balancing,
    messaging,
    monitoring,
    network,
    route53,
    s3,
    security,
    serverless,
    transfer,
)

SERVICES = (
    dynamodb,
    ebs,
    ec2,
    ecr,
    ecs,
    eks,
    file_storage,
    groups,
    kinesis,
    load_balancing,
    messaging,
    monitoring,
    network,
    route53,
    s3,
    security,
    serverless,
    transfer,
)
