"""The benchmarks by name: what each may be set to, and its presets.

``small`` trains in seconds on a CPU; ``paper`` has the sizes that were published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

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
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

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
    presets = {
        "small": {
            "model": {"image_size": 48, "filters": [8, 16, 32], "dense": 64},
            "global_batch": 32,
            "epochs": 6,
            "samples": 600,
        },
        "paper": {"global_batch": 32, "epochs": 30, "samples": 4000},
    }


class MLP(BenchmarkSettings):
    """A classifier of vectors."""

    model: MlpShape = MlpShape()
    presets = {
        "small": {
            "model": {"features": 64, "hidden": [64, 64]},
            "global_batch": 64,
            "epochs": 6,
            "samples": 2048,
        },
        "paper": {"global_batch": 128, "epochs": 5, "samples": 60000},
    }


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
    presets = {
        "small": {"global_batch": 128, "steps": 150, "samples": 1024, "learning_rate": 0.02},
        "paper": {
            "features": 784,
            "hidden": 128,
            "classes": 10,
            "global_batch": 128,
            "epochs": 5,
            "samples": 60000,
            "learning_rate": 0.01,
        },
    }

    @property
    def descriptor(self) -> Descriptor:
        """A perceptron with one hidden layer."""
        return {"kind": "mlp", "layers": [self.features, self.hidden, self.classes]}


class ResNet50(BenchmarkSettings):
    """Classes of images by residual blocks."""

    model: ResNetShape = ResNetShape()
    presets = {
        "small": {
            "model": {"image_size": 32, "width": 8, "blocks": [1, 1, 1], "classes": 4},
            "global_batch": 32,
            "epochs": 5,
            "samples": 512,
            "learning_rate": 0.003,
        },
        "paper": {
            "optimizer": "momentum",
            "learning_rate": 0.1,
            "schedule": "steps",
            "l2": 1e-4,
            "global_batch": 256,
            "epochs": 90,
            "samples": 1281167,
        },
    }


class Bert(BenchmarkSettings):
    """Masked words from their neighbours."""

    model: BertShape = BertShape(layers=12, width=768, heads=12, sequence=512, vocabulary=30522)
    presets = {
        "small": {
            "model": {
                "layers": 2,
                "width": 64,
                "heads": 4,
                "sequence": 32,
                "vocabulary": 64,
                "positions": 32,
            },
            "global_batch": 32,
            "epochs": 6,
            "samples": 1024,
            "learning_rate": 0.003,
        },
        "paper": {
            "global_batch": 256,
            "steps": 1000000,
            "learning_rate": 1e-4,
            "schedule": "cosine",
            "schedule_warmup_steps": 10000,
            "samples": 1000000,
        },
    }


class GPT(BenchmarkSettings):
    """The next word from those before it."""

    model: GptShape = GptShape(layers=12, width=768, heads=12, sequence=1024, vocabulary=50257)
    presets = {
        "small": {
            "model": {"layers": 2, "width": 64, "heads": 4, "sequence": 32, "vocabulary": 64},
            "global_batch": 32,
            "epochs": 4,
            "samples": 1024,
            "learning_rate": 0.003,
        },
        "paper": {
            "global_batch": 512,
            "steps": 100000,
            "learning_rate": 6e-4,
            "schedule": "cosine",
            "schedule_warmup_steps": 2000,
            "samples": 1000000,
        },
    }


class DLRM(BenchmarkSettings):
    """Clicks from categories and figures."""

    model: DlrmShape = DlrmShape()
    presets = {
        "small": {
            "model": {"bottom": [32, 16], "top": [32, 16, 1], "tables": 8, "table_rows": 400},
            "global_batch": 128,
            "epochs": 6,
            "samples": 8192,
            "learning_rate": 0.005,
        },
        "paper": {
            "optimizer": "sgd",
            "learning_rate": 1.0,
            "global_batch": 32768,
            "epochs": 1,
            "samples": 4195197692,
        },
    }


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
    presets = {
        "small": {},
        "paper": {"training": {"preset": "paper"}, "serving": {"requests": 10000}},
    }

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
