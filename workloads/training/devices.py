"""On what a run trains: one accelerator, all of a host, many hosts, or a TPU."""

from __future__ import annotations

import os
from typing import Any

import keras
import tensorflow as tf

from domain.errors import InputError
from workloads.settings import Training
from workloads.training.cluster import Cluster

_POLICIES = {"fp32": "float32", "fp16": "mixed_float16", "bf16": "mixed_bfloat16"}


def prepare(settings: Training) -> None:
    """Seeds, the precision of layers, and a CPU in as many devices as are asked for.

    Must come before anything else asks TensorFlow for a device.
    """
    if not os.environ.get("TF_CONFIG", "").strip():
        # TensorFlow takes an empty one for broken JSON.
        os.environ.pop("TF_CONFIG", None)
    keras.utils.set_random_seed(settings.seed)
    keras.mixed_precision.set_global_policy(_POLICIES[settings.precision])
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if not gpus and settings.devices and settings.devices > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * settings.devices
        tf.config.set_logical_device_configuration(cpu, parts)


def choose_strategy(settings: Training, cluster: Cluster) -> Any:
    """The ``tf.distribute`` strategy of the settings.

    ``auto`` is ``multi_worker`` where there are several workers, ``tpu`` on a host of one,
    ``mirrored`` on several accelerators, else ``single``.

    Raises:
        InputError: more devices asked for than there are, or a strategy without what it needs.
    """
    kind: str = settings.strategy
    if kind == "auto":
        kind = _fitting(settings, cluster)
    if kind in ("single", "mirrored") and cluster.workers > 1:
        raise InputError(
            f"strategy {kind} with {cluster.workers} workers in TF_CONFIG; use multi_worker"
        )
    match kind:
        case "multi_worker":
            # Must be the first to ask TensorFlow for anything.
            return tf.distribute.MultiWorkerMirroredStrategy()
        case "tpu":
            return _tpu_strategy()
        case "mirrored":
            return tf.distribute.MirroredStrategy(_devices(settings))
        case _:
            return tf.distribute.get_strategy()


def _fitting(settings: Training, cluster: Cluster) -> str:
    if os.environ.get("TPU_NAME") or tf.config.list_physical_devices("TPU"):
        return "tpu"
    if cluster.workers > 1:
        return "multi_worker"
    return "mirrored" if len(_devices(settings)) > 1 else "single"


def _devices(settings: Training) -> list[str]:
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    found = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
    wanted = settings.devices or len(found)
    if wanted > len(found):
        raise InputError(f"devices {wanted}; this host has {len(found)}")
    return found[:wanted]


def _tpu_strategy() -> Any:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
            os.environ.get("TPU_NAME", "local")
        )
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        raise InputError(f"strategy tpu, but there is none here: {error}") from None
    return tf.distribute.TPUStrategy(resolver)


def split_batch(global_batch: int, replicas: int, accumulate: int) -> int:
    """Samples that one replica has on its accelerator at once.

    Raises:
        InputError: the batch cannot be divided evenly.
    """
    parts = replicas * accumulate
    if global_batch % parts:
        below, above = global_batch // parts * parts, -(-global_batch // parts) * parts
        near = f"{below} or {above}" if below else f"{above}"
        raise InputError(
            f"global_batch {global_batch} cannot be divided by {replicas} replicas times "
            f"accumulate {accumulate}; use {near}"
        )
    return global_batch // parts
