"""How fast a node can feed samples to its accelerators.

Reading, decoding and training overlap (Murray et al., "tf.data", 2021), so in the long run
the slowest sets the pace: ``rate = min(storage / bytes, vCPUs · samples per vCPU)`` and
``t_step = max(t_device, t_input)``.

Where it is wrong: decoding on the accelerator (DALI), cached decoded data, and stalls of
single steps, which need a clock.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from domain.errors import ScenarioError, near_misses
from simulator.models.calibration import Calibration
from simulator.models.compute import Values

DECODES = ("jpeg", "tokens", "tabular", "none")


def decode_seconds_per_sample(
    decode: str, sample_bytes: Values, calibration: Calibration
) -> Values:
    """Seconds that one vCPU needs to decode one sample.

    Raises:
        ScenarioError: a kind of decoding that is not known.
    """
    match decode:
        case "jpeg":
            return sample_bytes / calibration.jpeg_decode_bytes_per_second_per_vcpu
        case "tokens":
            return 1.0 / calibration.token_samples_per_second_per_vcpu
        case "tabular":
            return 1.0 / calibration.tabular_samples_per_second_per_vcpu
        case "none":
            return 0.0
    raise ScenarioError(
        f"no decoding '{decode}'{near_misses(decode, DECODES) or ';'} one of {', '.join(DECODES)}",
        where="dataset.decode",
    )


def storage_seconds(
    samples_per_node: Values, sample_bytes: Values, storage_bytes_per_second: Values
) -> Any:
    """Seconds until one node has read the samples of one step."""
    return np.asarray(samples_per_node) * sample_bytes / storage_bytes_per_second


def decode_seconds(samples_per_node: Values, seconds_per_sample: Values, vcpus: Values) -> Any:
    """Seconds until the vCPUs of one node have decoded the samples of one step."""
    return np.asarray(samples_per_node) * seconds_per_sample / vcpus
