"""Names and units of published measurements in the terms of the zoo."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from domain.model_facts import resolve_model
from domain.published_names import published_model, samples_per_unit, zoo_name

_CNN = "Classification/ConvNets"
_DLRM = "Recommendation/DLRM_and_DCNv2/doc"


@pytest.mark.parametrize(
    ("published", "conditions", "name"),
    [
        ("GPT-h2048-l24-a16", {}, "gpt-h2048-l24-a16"),
        ("GPT-like-128B", {}, "gpt-like-128b"),
        ("bert", {"group": "MLPerf-v3.0"}, "bert-large"),
        (f"{_CNN}/efficientnet/efficientnet-widese-b4", {}, "efficientnet-widese-b4"),
        (f"{_DLRM}/large", {"source_path": "x/doc/DCNv2.md"}, "dcnv2-one-hot"),
        (f"{_DLRM}/large", {"source_path": "x/doc/DLRM.md"}, "dlrm"),
        ("LanguageModeling/ELECTRA", {"task": "finetuning"}, "electra-base-discriminator"),
        ("LanguageModeling/ELECTRA", {"task": "pretraining"}, "electra-base"),
        ("rgat", {}, None),
    ],
)  # fmt: skip
def test_a_published_name(published: str, conditions: dict[str, str], name: str | None) -> None:
    assert zoo_name(published, **conditions) == name
    assert name is None or resolve_model(name).parameters > 0


def test_what_a_table_leaves_out_is_filled_in_with_a_reason() -> None:
    found = published_model("LanguageModeling/BERT", task="finetuning")
    assert found is not None
    assert found.sequence == 384
    assert "SQuAD" in found.note


@pytest.mark.parametrize(
    ("model", "unit", "sequence", "samples"),
    [
        ("resnet50", "images/s", None, 1),
        ("nnunet-3d", "images/s", None, 1),
        ("mpt-1b", "tokens/s", None, 1 / 2048),
        ("mpt-1b", "tokens/s", 512, 1 / 512),
        ("gnmt", "tokens/s", None, 1 / 54),
        ("jasper", "sequences/s", None, 1),
        ("tacotron2", "mels/s", None, 1 / 570),
        ("resnet50", "tokens/s", None, None),
        ("gpt2", "s/step", None, None),
        ("gpt2", "minutes to train", None, None),
    ],
)
def test_samples_of_a_unit(
    model: str, unit: str, sequence: int | None, samples: float | None
) -> None:
    assert samples_per_unit(resolve_model(model), unit, sequence) == samples


def test_rates_of_work_become_rates_of_samples() -> None:
    facts = resolve_model("gpt3-13b")
    samples = samples_per_unit(facts, "TFLOP/s/chip")
    assert samples is not None
    assert samples * 3 * facts.forward_flops_per_sample == pytest.approx(1e12)


def test_nine_tenths_of_the_published_rows_have_a_model(shared_data: Path) -> None:
    with (shared_data / "training" / "model_zoo.csv").open() as table:
        rows = [(row["model"], int(row["rows_ok"]), row["zoo"]) for row in csv.DictReader(table)]
    assert [name for name, _, zoo in rows if zoo != "outside" and _known(name) is None] == []
    known = sum(count for name, count, _ in rows if _known(name) is not None)
    assert known / sum(count for _, count, _ in rows) > 0.96


def _known(name: str) -> str | None:
    # The only condition that a name of this table hangs on.
    return zoo_name(name, group="MLPerf-v0.7" if name == "ssd" else "")
