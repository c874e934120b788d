"""A small scenario that many tests start from, and how the command line is called."""

from __future__ import annotations

from collections.abc import Callable

Command = Callable[..., tuple[int, str, str]]
"""Words of a command → exit code, standard output, standard error."""

TRAINING = """\
environment:
  provider: aws
  region: us-east-1
  pools:
    train: {machine: g5.12xlarge, count: 2, market: spot}
  storage:
    dataset: {kind: object_store, size: 150 GB}
    checkpoints: {kind: object_store}
workloads:
  resnet50:
    kind: training
    model: resnet50
    dataset: {samples: 1281167, sample_size: 110 kB, kind: jpeg}
    precision: fp16
    global_batch: 1024
    epochs: 90
    checkpointing: {interval: 10 min}
goal: {minimise: cost, deadline: 12 h, budget: $500}
axes:
  environment.pools.train.machine:
    - g5.12xlarge
    - g6.12xlarge
    - trn1.32xlarge
    - {provider: gcp, region: us-central1, machine: tpu-v5litepod-8}
  environment.pools.train.count: [1, 2]
seed: 3
replications: 5
"""
