"""How far the software of a run was tuned, which decides the parameters of the closed forms.

``stock`` is a framework as it comes: each operation launched by itself, element-wise work not
fused. ``tuned`` is what teams write who compete or train for months: fused kernels, captured
graphs, as in MLPerf submissions and in the training stacks of large language models. The same
model on the same chip differs by a factor of up to three between them.
"""

from __future__ import annotations

from functools import cache

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
