"""The benchmarks by name, and what each may be set to."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from workloads.settings.shapes import (
    BertShape,
    CnnShape,
    Descriptor,
    DlrmShape,
    GptShape,
    MlpShape,
    ResNetShape,
    ServingShape,
)
from workloads.settings.training import Training


class BenchmarkSettings(Training):
    """What all benchmarks have: how to train, and a model with a descriptor."""

    preset: str = "small"

    @property
    def descriptor(self) -> Descriptor:
        """What predicts this model: a name of the zoo, or a description."""
        shape: Any = getattr(self, "model")  # noqa: B009, declared by each benchmark
        descriptor: Descriptor = shape.descriptor
        return descriptor

    @property
    def image_size(self) -> int | None:
        """Pixels on each side, of a model of images."""
        return getattr(getattr(self, "model", None), "image_size", None)

    @property
    def sequence(self) -> int | None:
        """Tokens of a sample, of a model of sequences."""
        return getattr(getattr(self, "model", None), "sequence", None)


class SmallCnn(BenchmarkSettings):
    """Two classes of images (binary cross-entropy, Adam)."""

    model: CnnShape = CnnShape()
    augmentation: bool = False
    """Mirrored and shifted images in training."""


class MLP(BenchmarkSettings):
    """A classifier of vectors."""

    model: MlpShape = MlpShape()


class TapeNetwork(BenchmarkSettings):
    """A two-layer network, written out: losses, activations and optimizers compared."""

    features: PositiveInt = 2
    hidden: PositiveInt = 32
    classes: int = Field(default=2, ge=2)
    losses: tuple[Literal["mse", "cross_entropy"], ...] = Field(
        default=("mse", "cross_entropy"), min_length=1
    )
    activations: tuple[Literal["sigmoid", "tanh", "relu"], ...] = Field(
        default=("sigmoid", "tanh", "relu"), min_length=1
    )
    optimizers: tuple[Literal["sgd", "momentum", "rmsprop", "adam"], ...] = Field(
        default=("sgd", "momentum", "rmsprop", "adam"), min_length=1
    )

    @property
    def descriptor(self) -> Descriptor:
        """A perceptron with one hidden layer."""
        return {"kind": "mlp", "layers": [self.features, self.hidden, self.classes]}


class ResNet50(BenchmarkSettings):
    """Classes of images by residual blocks."""

    model: ResNetShape = ResNetShape()


class Bert(BenchmarkSettings):
    """Masked words from their neighbours."""

    model: BertShape


class GPT(BenchmarkSettings):
    """The next word from those before it."""

    model: GptShape


class DLRM(BenchmarkSettings):
    """Clicks from categories and figures."""

    model: DlrmShape = DlrmShape()


Served = Literal["small_cnn", "mlp", "resnet50", "bert", "gpt", "dlrm"]


class Serve(BenchmarkSettings):
    """A trained model, exported and asked one sample at a time."""

    served: Served = "mlp"
    """Which benchmark's model."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Settings of that benchmark; its ``small`` preset where nothing is said."""
    saved_model: str = ""
    """A folder with an exported model, which is not trained again then."""
    serving: ServingShape = ServingShape()

    @model_validator(mode="after")
    def _one_preset_only(self) -> Self:
        if self.saved_model and self.training.get("steps"):
            raise ValueError("saved_model is not trained, so that training.steps means nothing")
        return self


BENCHMARKS: dict[str, type[BenchmarkSettings]] = {
    "small_cnn": SmallCnn,
    "mlp": MLP,
    "tape_network": TapeNetwork,
    "resnet50": ResNet50,
    "bert": Bert,
    "gpt": GPT,
    "dlrm": DLRM,
    "serve": Serve,
}
