"""The machine image of a pool: the provider's for its accelerator, unless one is given."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pulumi_aws as aws

from domain.catalog import Machine

_PARAMETERS = {
    "nvidia": "/aws/service/deeplearning/ami/{x86_64_or_arm64}"
    "/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    "nvidia_volta": "/aws/service/deeplearning/ami/x86_64"
    "/base-proprietary-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    "neuron": "/aws/service/neuron/dlami/base/ubuntu-22.04/latest/image_id",
    "none": "/aws/service/canonical/ubuntu/server/22.04/stable/current/{amd64_or_arm64}"
    "/hvm/ebs-gp2/ami-id",
}
"""Public parameters with the newest image (DLAMI, Neuron and Ubuntu documentation)."""
# NVIDIA's open driver begins with Turing.
_VOLTA = ("p3", "p3dn")
_UBUNTU_ROOT = "/dev/sda1"
# The letter after the generation says whose processor it is: c7g, m7gd.
_GRAVITON = re.compile(r"[a-z]+\d+g[a-z]*")
_NEURON = ("inferentia", "trainium")


def has_nvidia(machine: Machine) -> bool:
    """Whether a machine has GPUs that CUDA runs on."""
    return machine.accelerator is not None and not machine.accelerator.startswith(_NEURON)


def is_arm(machine: Machine) -> bool:
    """Whether a machine has an ARM processor."""
    return _GRAVITON.fullmatch(machine.family) is not None


def image_id(image: str | None, machine: Machine) -> str:
    """The image, as a launch template takes it.

    What a parameter stands for is looked up when a node starts, so a new release of the image
    is no change of the stack. Give the pool an ``image`` where all nodes must be alike for ever,
    and on inf1, which the newest images for Neuron have left behind.
    """
    if image is not None:
        return image
    if has_nvidia(machine):
        parameter = _PARAMETERS["nvidia_volta" if machine.family in _VOLTA else "nvidia"]
    else:
        parameter = _PARAMETERS["neuron" if machine.accelerator else "none"]
    arm = is_arm(machine)
    parameter = parameter.format(
        x86_64_or_arm64="arm64" if arm else "x86_64", amd64_or_arm64="arm64" if arm else "amd64"
    )
    return f"resolve:ssm:{parameter}"


def root_device(image: str | None, parent: Any) -> Any:
    """What an image calls its first disk; the wrong name would add a second, unencrypted by us."""
    if image is None:
        return _UBUNTU_ROOT
    found = aws.ec2.get_ami_output(
        filters=[aws.ec2.GetAmiFilterArgs(name="image-id", values=[image])],
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    return found.root_device_name
