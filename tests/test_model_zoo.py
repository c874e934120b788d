"""The zoo's counts against what is published of each model, and how names are found."""

from __future__ import annotations

import pytest

from domain.errors import CatalogError, ScenarioError
from domain.model_facts import model_names, resolve_model

# Trained parameters. torchvision: the model table of its documentation; paper: of the model;
# published: of the authors' configuration, as its loader prints it.
_PARAMETERS = [
    ("resnet34", 21_797_672, "torchvision"),
    ("resnet101", 44_549_160, "torchvision"),
    ("resnext50-32x4d", 25_028_904, "torchvision"),
    ("alexnet", 61_838_248, "by hand, layer by layer"),
    ("mobilenet-v2", 3_504_872, "torchvision"),
    ("efficientnet-b0", 5_288_548, "torchvision"),
    ("efficientnet-b4", 19_341_616, "torchvision"),
    ("efficientnet-v2-s", 21_458_488, "torchvision"),
    ("vit-b-16", 86_567_656, "torchvision"),
    ("stable-diffusion-v2", 865_910_724, "published"),
    ("llama2-7b", 6_738_415_616, "published"),
    ("llama2-70b", 68_976_648_192, "published"),
    ("llama3-8b", 8_030_261_248, "published"),
    ("llama3-70b", 70_553_706_496, "published"),
    ("mixtral-8x7b", 46_702_792_704, "published"),
    ("bart-large", 406_291_456, "published"),
    ("t5-small", 60_506_624, "published"),
    ("t5-base", 222_903_552, "published"),
    ("t5-large", 737_668_096, "published"),
]
_ROUNDED = [
    ("resnext101-32x4d", 44.18e6, 1e-3, "Xie et al., 2016, table 1 (44.18 million)"),
    ("se-resnext101-32x4d", 48.96e6, 1e-3, "Hu et al., 2017, released models"),
    ("inception-v3", 23.83e6, 1e-3, "Keras applications, without what it does not scale"),
    ("mask-rcnn", 44.40e6, 1e-3, "torchvision, with 10 classes more and no normalisations"),
    ("efficientdet-d0", 3.9e6, 0.01, "Tan et al., 2019, table 2"),
    ("unet-medical", 31.03e6, 1e-3, "Ronneberger et al., 2015: counted by many"),
    ("nnunet-3d", 31.2e6, 0.01, "Isensee et al., 2020: about 31 million"),
    ("bert-large", 336e6, 0.01, "Devlin et al., 2018: 340 million with rounding"),
    ("transformer-big", 210e6, 0.01, "Ott et al., Scaling Neural Machine Translation, 2018"),
    ("transformer-xl-base", 192e6, 0.01, "192 million"),
    ("transformer-xl-large", 285e6, 0.01, "released model, 285 million"),
    ("electra-base-discriminator", 110e6, 0.011, "Clark et al., 2020, table 1"),
    ("jasper", 333e6, 2e-3, "Li et al., 2019, table 4"),
    ("quartznet", 18.9e6, 2e-3, "Kriman et al., 2019, table 1"),
    ("wav2vec2-base", 95e6, 0.01, "Baevski et al., 2020, section 4.2"),
    ("rnn-t", 49e6, 0.01, "MLPerf training, 49 million"),
    ("gnmt", 160e6, 0.02, "MLPerf training, 160 million"),
    ("tacotron2", 28.2e6, 0.01, "released model, 28.2 million"),
    ("gpt3-13b", 13e9, 0.02, "Brown et al., 2020, table 2.1"),
    ("llama3-405b", 405e9, 0.003, "Dubey et al., 2024"),
    ("megatron-22b", 22e9, 0.01, "Korthikanti et al., 2022, table 3"),
    ("ncf", 31.8e6, 0.01, "192 numbers for each of 138,493 users and 26,744 items"),
]
# Multiply-accumulates of one forward pass at the usual image size.
_GMACS = [
    ("resnet34", 3.66, "torchvision"),
    ("resnet101", 7.80, "torchvision"),
    ("resnet152", 11.51, "torchvision"),
    ("resnext50-32x4d", 4.23, "torchvision"),
    ("resnext101-32x4d", 8.0, "Xie et al., 2016"),
    ("vgg16", 15.47, "torchvision"),
    ("inception-v3", 5.71, "torchvision"),
    ("mobilenet-v2", 0.30, "Sandler et al., 2018, table 4"),
    ("efficientnet-b0", 0.39, "Tan and Le, 2019, table 2"),
    ("efficientnet-b4", 4.39, "torchvision"),
    ("efficientnet-v2-s", 8.37, "torchvision"),
    ("vit-b-16", 17.56, "torchvision"),
    ("efficientdet-d0", 2.5, "Tan et al., 2019, table 2"),
    ("bert-base", 48.3, "12 layers of 7.08 million weights and their scores over 512 tokens"),
]


@pytest.mark.parametrize(("name", "parameters", "source"), _PARAMETERS)
def test_parameters_are_exactly_the_published_ones(name: str, parameters: int, source: str) -> None:
    assert resolve_model(name).parameters == parameters, source


@pytest.mark.parametrize(("name", "parameters", "tolerance", "source"), _ROUNDED)
def test_parameters_are_near_published_figures(
    name: str, parameters: float, tolerance: float, source: str
) -> None:
    assert resolve_model(name).parameters == pytest.approx(parameters, rel=tolerance), source


@pytest.mark.parametrize(("name", "giga_macs", "source"), _GMACS)
def test_multiply_accumulates_are_the_published_ones(
    name: str, giga_macs: float, source: str
) -> None:
    facts = resolve_model(name)
    if facts.vocabulary:
        counted = facts.forward_flops_per_sample - facts.head_flops_per_sample
    else:
        counted = facts.forward_flops_per_sample
    assert counted / 2e9 == pytest.approx(giga_macs, rel=0.02, abs=0.005), source


@pytest.mark.parametrize("layers", [12, 24])
def test_mpt_counts_as_its_configuration_does(layers: int) -> None:
    # 12 h² + 13 h a layer, 50,368 words, learned positions, a last norm.
    width, name = {12: (768, "mpt-125m"), 24: (2048, "mpt-1b")}[layers]
    expected = layers * (12 * width**2 + 13 * width) + (50_368 + 2048 + 2) * width
    assert resolve_model(name).parameters == expected


def test_a_token_meets_two_experts_of_eight() -> None:
    facts = resolve_model("mixtral-8x7b")
    assert facts.experts == 8
    assert facts.active_parameters == pytest.approx(12.9e9, rel=2e-3)  # Jiang et al., 2024
    dense = facts.forward_flops_per_sample - facts.attention_flops_per_sample
    tables = facts.embedding_parameters / 2
    assert dense == pytest.approx(2 * 4096 * (facts.active_parameters - tables), rel=1e-3)


@pytest.mark.parametrize("name", ["bert-large", "llama3-8b", "t5-base", "vit-b-16"])
def test_parts_of_a_transformer_are_parts(name: str) -> None:
    facts = resolve_model(name)
    assert facts.width % facts.heads == 0
    assert facts.feed_forward_width > facts.width
    assert facts.sequence > 1
    assert (
        facts.attention_flops_per_sample + facts.head_flops_per_sample
        < facts.forward_flops_per_sample
    )
    assert facts.score_elements_per_sample < facts.elementwise_elements_per_sample


def test_attention_grows_with_the_square_of_the_sequence() -> None:
    once, twice = (resolve_model("llama3-8b", sequence=n) for n in (4096, 8192))
    assert twice.attention_flops_per_sample == 4 * once.attention_flops_per_sample
    assert twice.head_flops_per_sample == 2 * once.head_flops_per_sample


def test_only_adapters_are_trained() -> None:
    facts = resolve_model("llama2-70b-lora")
    assert facts.trained_parameters == 80 * 16 * (6 * 8192 + 2 * 1024)
    assert facts.gradient_bytes(2.0) == 2 * facts.trained_parameters


def test_images_may_have_another_size() -> None:
    large, usual = resolve_model("resnet50", image_size=448), resolve_model("resnet50")
    assert large.parameters == usual.parameters
    assert large.forward_flops_per_sample == pytest.approx(
        4 * usual.forward_flops_per_sample, rel=0.01
    )
    with pytest.raises(ScenarioError, match="which is not a model of images"):
        resolve_model("gpt2", image_size=224)


@pytest.mark.parametrize("billions", [7, 13, 70, 175, 1000])
def test_a_size_alone_gives_a_model_of_that_size(billions: int) -> None:
    facts = resolve_model(f"gpt-like-{billions}b")
    assert facts.parameters == pytest.approx(billions * 1e9, rel=0.02)
    assert facts.width % facts.heads == 0
    assert facts.assumed is not None


def test_a_size_of_175_billion_has_the_shape_of_gpt3() -> None:
    facts = resolve_model({"kind": "gpt_like", "parameters": 175e9})
    assert (facts.layers, facts.width, facts.heads) == (96, 12288, 96)


def test_a_shape_in_a_name() -> None:
    facts = resolve_model("GPT-h1024-l24-a16")
    assert (facts.width, facts.layers, facts.heads) == (1024, 24, 16)
    with pytest.raises(ScenarioError, match="width 1000 must be a multiple of heads 16"):
        resolve_model("gpt-h1000-l24-a16")


@pytest.mark.parametrize("name", model_names())
def test_counts_hold_together(name: str) -> None:
    facts = resolve_model(name)
    assert 0 < facts.active_parameters <= facts.parameters
    assert facts.embedding_parameters <= facts.parameters
    assert facts.grouped_flops_per_sample <= facts.forward_flops_per_sample
    assert facts.checkpoint_elements_per_sample > 0
    assert facts.layers > 0
    assert dict(facts.unit_per_sample)["samples"] == 1


@pytest.mark.parametrize(
    ("asked", "near"), [("llama3-9b", "llama3-8b"), ("efficientnet-b5", "efficientnet-b0")]
)
def test_near_misses_are_told(asked: str, near: str) -> None:
    with pytest.raises(CatalogError, match=f"'{asked}'.*did you mean.*'{near}'"):
        resolve_model(asked)
