"""Published training throughputs as inputs of the step model, answers kept apart.

What a published row leaves out is filled in here, each with its reason: the batch of rows
that print none, the precision that MLPerf logs do not state, the sequence length of SQuAD,
the network of the vendor's reference system.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from domain.model_facts import ModelFacts, resolve_model
from simulator.models.calibration import Calibration
from simulator.models.collectives import switch_reduces, torus_of
from simulator.models.precision import MATRIX_FORMATS, choose_precision, format_code
from simulator.models.training_step import StepInputs, predict_training_step
from simulator.study.points import reference_network

_INPUT_COLUMNS = [
    "id",
    "group",
    "model",
    "task",
    "accelerators_per_node",
    "nodes",
    "precision",
    "global_batch",
    "per_device_batch",
    "grad_accum",
    "seq_len",
    "tp",
    "pp",
    "canonical_accelerator",
    "unit",
]
_IMAGES = {
    "resnet": "resnet50",
    "ResNet-50": "resnet50",
    "Classification/ConvNets/resnet50": "resnet50",
    "Classification/ConvNets/resnet50v1.5": "resnet50",
    "Classification/RN50v1.5": "resnet50",
    "ResNet-152": "resnet152",
    "VGG16": "vgg16",
}
_DLRM = re.compile(r"^(dlrm|Recommendation/DLRM/(small|large))$")
_GPT = re.compile(r"GPT-h(\d+)-l(\d+)-a(\d+)")
_PRECISIONS = {"FP16-AMP": "fp16", "FP32": "fp32", "TF32": "tf32", "fp16": "fp16"}
# Half the tokens of the padded Wikipedia sequences are padding (Krell et al., "Efficient
# Sequence Packing without Cross-contamination", 2021); MLPerf submissions skip them from
# round v1.1 on, the TPU and first Gaudi code does not.
_UNPADDED_SEQUENCE = 256
_SQUAD_SEQUENCE = 384
_ASSUMED_BATCH = {2.0: 256, 4.0: 128}


@dataclass(frozen=True, slots=True)
class Case:
    """One published run: what the model may see, and what was measured."""

    id: str
    family: str
    facts: ModelFacts
    inputs: StepInputs
    optimizer: str
    recompute: bool
    measured_samples_per_second: float

    @property
    def held_out(self) -> bool:
        """Whether the row is in the half that priors were not fitted to."""
        return crc32(self.id.encode()) % 2 == 1

    def predict(self, calibration: Calibration) -> float:
        """Predicted samples per second."""
        prediction = predict_training_step(
            self.facts,
            self.inputs,
            optimizer=self.optimizer,
            recompute=self.recompute,
            decode="none",
            calibration=calibration,
        )
        return float(prediction.throughput_samples_per_second)


def read_cases(data: Path) -> list[Case]:
    """Every scorable row whose model the catalog has."""
    table = pd.read_csv(data / "training" / "throughput_dev.csv")
    table = table[(table["quality"] == "ok") & (table["unit"] != "minutes to train")]
    measured = table["throughput_std_samples_per_s"].where(
        table["throughput_std_samples_per_s"].notna(), table["throughput"]
    )
    chips = pd.read_csv(data / "catalog" / "accelerators.csv").set_index("id")
    cases = [
        _case(row, chips.loc[row["canonical_accelerator"]], float(answer))
        for row, answer in zip(table[_INPUT_COLUMNS].to_dict("records"), measured, strict=True)
        if row["canonical_accelerator"] in chips.index
    ]
    return [case for case in cases if case is not None]


def _case(row: Mapping[Any, Any], chip: pd.Series[Any], measured: float) -> Case | None:
    workload = _workload(row)
    if workload is None:
        return None
    family, facts, optimizer, recompute = workload
    peaks = {name: float(chip[f"{name}_dense_tflops"]) * 1e12 for name in MATRIX_FORMATS}
    wanted = _PRECISIONS.get(row["precision"], "mixed")
    if family == "bert-large MLPerf" and not math.isnan(peaks["fp8"]):
        # NVIDIA's and Habana's BERT code multiplies in fp8 where the chip can.
        wanted = "fp8"
    chosen = choose_precision(
        wanted,
        peaks,
        strict_fp32=row["group"] != "DeepLearningExamples",
    )
    if chosen.reason or math.isnan(float(chip["memory_bandwidth_gbyte_per_s"])):
        return None
    # One row counts TensorCores, the catalog counts chips of two.
    cores = 0.5 if chip.name == "tpu-v3" else 1.0
    per_node = max(row["accelerators_per_node"] * cores, 1.0)
    accelerators = per_node * row["nodes"]
    batch = row["global_batch"]
    if math.isnan(batch):
        batch = _ASSUMED_BATCH[chosen.element_bytes] * accelerators
    dimensions, wraps = torus_of(str(chip["link_kind"]), accelerators)
    return Case(
        id=row["id"],
        family=family,
        facts=facts,
        optimizer=optimizer,
        recompute=recompute,
        measured_samples_per_second=measured,
        inputs=StepInputs(
            peak_flops=chosen.peak_flops,
            memory_bytes_per_second=float(chip["memory_bandwidth_gbyte_per_s"]) * 1e9,
            # The row ran, so it fitted; some kept less than the counts say.
            accelerator_memory_bytes=np.inf,
            accelerators_per_node=accelerators if dimensions else per_node,
            nodes=1 if dimensions else row["nodes"],
            global_batch=batch,
            format_code=format_code(chosen.matrix_format),
            element_bytes=chosen.element_bytes,
            link_bytes_per_second=float(chip["link_gbyte_per_s_per_direction_per_chip"]) * 1e9,
            network_bytes_per_second=reference_network(str(chip.name)),
            link_is_pcie=str(chip["link_kind"]).startswith("pcie"),
            switch_reduces=switch_reduces(str(chip["link_kind"])),
            torus_dimensions=dimensions,
            torus_wraps=wraps,
            micro_batch=_micro_batch(row, batch, accelerators),
        ),
    )


def _workload(row: Mapping[Any, Any]) -> tuple[str, ModelFacts, str, bool] | None:
    """Family, facts, optimizer and recomputation of a row, ``None`` where there are no facts."""
    name = row["model"]
    if name in _IMAGES:
        facts = resolve_model(_IMAGES[name])
        return facts.name, facts, "momentum", False
    if name in ("bert", "LanguageModeling/BERT"):
        return _bert(row)
    if _DLRM.match(name):
        return "dlrm", resolve_model("dlrm"), "sgd", False
    shape = _GPT.match(name)
    if shape and row["tp"] == 1 and row["pp"] == 1:
        width, layers, heads = map(int, shape.groups())
        facts = resolve_model(
            {
                "kind": "transformer",
                "layers": layers,
                "width": width,
                "heads": heads,
                "sequence": int(row["seq_len"]),
                "vocabulary": 51200,
            }
        )
        return "gpt (tp = pp = 1)", facts, "adam", True
    return None


def _bert(row: Mapping[Any, Any]) -> tuple[str, ModelFacts, str, bool]:
    if row["task"] == "finetuning":
        facts = resolve_model("bert-large", sequence=_SQUAD_SEQUENCE)
        return "bert-large finetuning", facts, "adam", False
    sequence = int(row["seq_len"])
    if row["group"].startswith("MLPerf"):
        padded = row["group"] == "MLPerf-v0.7" or row["canonical_accelerator"] == "gaudi1"
        facts = resolve_model("bert-large", sequence=sequence if padded else _UNPADDED_SEQUENCE)
        return "bert-large MLPerf", facts, "lamb", False
    return "bert-large pretraining", resolve_model("bert-large", sequence=sequence), "lamb", False


def _micro_batch(row: Mapping[Any, Any], batch: float, accelerators: float) -> float:
    """Samples at once on one accelerator; MLPerf counts all of a step per device."""
    if row["group"].startswith("MLPerf"):
        parts = 1.0 if math.isnan(row["grad_accum"]) else row["grad_accum"]
        return max(1.0, math.ceil(batch / accelerators / parts))
    return float("nan") if math.isnan(row["per_device_batch"]) else float(row["per_device_batch"])
