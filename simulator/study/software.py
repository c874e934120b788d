"""The software of a run: its framework, and how far it was tuned, which decides the parameters
of the closed forms.

``stock`` is a framework as it comes: each operation launched by itself, element-wise work not
fused. ``tuned`` is what teams write who compete or train for months: fused kernels, captured
graphs, as in MLPerf submissions and in the training stacks of large language models. The same
model on the same chip differs by a factor of up to three between them.
"""

from __future__ import annotations

from functools import cache

from simulator.study.residuals import SEPARATOR

SOFTWARE = ("stock", "tuned")

_TUNED_SOURCES = ("MLPerf", "llm-foundry", "MaxText", "Megatron", "vTrain", "tensorflow/tpu")
_TUNED_FRAMEWORKS = ("megatron", "maxtext", "jax", "composer", "hugectr")


@cache
def usual_software(source: str, framework: str, accelerator: str) -> str:
    """What is likely where nobody says: by the source of a published run, else by the framework
    (its family), and tuned on TPUs, whose compiler fuses whatever it is given."""
    if source.startswith(_TUNED_SOURCES) or accelerator.startswith("tpu-"):
        return "tuned"
    if source:
        return "stock"
    return "tuned" if framework in _TUNED_FRAMEWORKS else "stock"


@cache
def framework_family(name: str) -> str:
    """``MxNet NVIDIA Release 22.04`` and ``MXNet`` are one framework."""
    lower = name.lower()
    for family, words in FRAMEWORKS.items():
        if any(word in lower for word in words):
            return family
    return lower.split("/")[0].strip() or "unknown"


# Checked in this order: 'PyTorch/Megatron-DeepSpeed' is Megatron.
FRAMEWORKS = {
    "megatron": ("megatron", "nemo"),
    "mxnet": ("mxnet",),
    "hugectr": ("hugectr", "merlin"),
    "maxtext": ("maxtext",),
    "jax": ("jax",),
    "composer": ("composer",),
    "pytorch": ("pytorch", "torch"),
    "tensorflow2": ("tensorflow2",),
    "tensorflow": ("tensorflow",),
    "paddlepaddle": ("paddle",),
    "dgl": ("dgl",),
}


def stack_name(accelerator: str, framework: str, *, is_transformer: bool) -> str:
    """``accelerator|framework`` (its family), by which a calibration keeps the parameters of a
    stack. They were fitted to transformers: of other models no framework is named."""
    return f"{accelerator}{SEPARATOR}{framework if is_transformer else ''}"
