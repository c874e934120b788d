"""Counts of named and described models against figures that are known exactly."""

from __future__ import annotations

import pytest

from domain.errors import CatalogError, ScenarioError
from domain.model_facts import model_names, resolve_model


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("resnet50", 25_557_032),
        ("resnet152", 60_192_808),
        ("vgg16", 138_357_544),
        ("gpt2", 124_439_808),
        ("gpt2-xl", 1_557_611_200),
        ("small_cnn", 19_034_177),
        ("mlp", 669_706),
    ],
)
def test_parameters_of_named_models_are_exact(name: str, parameters: int) -> None:
    assert resolve_model(name).parameters == parameters


def test_bert_large_is_the_encoder_and_its_masked_language_head() -> None:
    encoder_without_pooler = 335_141_888 - 1_049_600
    head = 1024 * 1024 + 1024 + 2 * 1024 + 30_522
    assert resolve_model("bert-large").parameters == encoder_without_pooler + head


def test_resnet50_is_four_billion_multiply_accumulates() -> None:
    assert resolve_model("resnet50").forward_flops_per_sample == pytest.approx(2 * 4.09e9, rel=2e-3)


def test_gpt3_is_175_billion_parameters() -> None:
    assert resolve_model("gpt3-175b").parameters == pytest.approx(175e9, rel=5e-3)


def test_activations_of_a_layer_follow_korthikanti() -> None:
    def kept(layers: int) -> float:
        shape = {"width": 1024, "heads": 16, "sequence": 512, "vocabulary": 100}
        return resolve_model(
            {"kind": "transformer", "layers": layers, **shape}
        ).activation_bytes_per_sample(2.0)

    assert kept(3) - kept(2) == pytest.approx(512 * 1024 * (34 + 5 * 16 * 512 / 1024))


def test_small_cnn_by_hand() -> None:
    macs = (
        148 * 148 * 32 * 9 * 3
        + 72 * 72 * 64 * 9 * 32
        + 34 * 34 * 128 * 9 * 64
        + 17 * 17 * 128 * 512
        + 512
    )
    assert resolve_model("small_cnn").forward_flops_per_sample == 2 * macs


@pytest.mark.parametrize("spelling", ["ResNet-50", "resnet50", "RN50", " resnet-50 "])
def test_aliases_and_case_do_not_matter(spelling: str) -> None:
    assert resolve_model(spelling).name == "resnet50"


def test_underscores_may_stand_for_hyphens() -> None:
    assert resolve_model("bert_large").name == "bert-large"


def test_unknown_name_says_what_is_near() -> None:
    with pytest.raises(CatalogError, match=r"'resnet5o'.*did you mean 'resnet50'"):
        resolve_model("resnet5o")


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ({"kind": "transformr"}, r"model.kind: .*did you mean 'transformer'"),
        ({"kind": "mlp", "layers": [784]}, "at least 2"),
        ({"parameters": 1e6}, "forward_flops_per_sample"),
        (
            {
                "kind": "transformer",
                "layers": 2,
                "width": 100,
                "heads": 3,
                "sequence": 8,
                "vocabulary": 10,
            },
            "multiple of heads 3",
        ),
        (
            {"kind": "cnn", "image": [8, 8, 3], "layers": [{"op": "dense", "units": 2}]},
            "put {op: flatten}",
        ),
        (
            {"kind": "cnn", "image": [4, 4, 3], "layers": [{"op": "pool", "size": 5}]},
            "does not fit a feature map of 4",
        ),
    ],
)
def test_descriptor_that_does_not_hold_together(
    descriptor: dict[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        resolve_model(descriptor)


def test_raw_figures_are_taken_as_given() -> None:
    facts = resolve_model(
        {
            "parameters": 25.6e6,
            "forward_flops_per_sample": 8.2e9,
            "activation_bytes_per_sample": "45 MB",
        }
    )
    assert facts.activation_bytes_per_sample(2.0) == 45e6
    assert facts.gradient_bytes(4.0) == 4 * 25.6e6


def test_sequence_can_be_changed_for_transformers_only() -> None:
    short, full = resolve_model("bert-large", sequence=128), resolve_model("bert-large")
    assert short.parameters == full.parameters
    assert short.forward_flops_per_sample < full.forward_flops_per_sample / 4
    with pytest.raises(ScenarioError, match="not a transformer"):
        resolve_model("resnet50", sequence=128)


def test_embedding_tables_are_not_reduced() -> None:
    facts = resolve_model("dlrm")
    assert facts.dense_parameters < 1e7 < facts.sparse_parameters


@pytest.mark.parametrize("name", model_names())
def test_every_fact_has_a_source_and_a_date(name: str) -> None:
    facts = resolve_model(name)
    assert facts.source
    assert facts.as_of is not None
