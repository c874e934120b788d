"""How a scenario describes a model that has no name: its architecture, or raw figures.

model: {kind: transformer, layers: 24, width: 1024, heads: 16, sequence: 512,
        vocabulary: 30522}
model: {kind: mlp, layers: [784, 512, 10]}
model: {kind: cnn, image: [150, 150, 3], layers: [{op: convolution, filters: 32}, …]}
model: {kind: keras, path: model.keras}
model: {parameters: 25.6e6, forward_flops_per_sample: 8.2e9,
        activation_bytes_per_sample: 45 MB}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from domain.architectures import OperationCounts, count_mlp, joined
from domain.architectures.layer_kinds import NetworkLayer
from domain.architectures.layer_walk import count_layers
from domain.frozen import Frozen
from domain.keras_model import count_keras
from domain.model_recommenders import DlrmDescriptor, EmbeddingMlpDescriptor
from domain.model_transformers import (
    EncoderDecoderDescriptor,
    GptLikeDescriptor,
    TransformerDescriptor,
)
from domain.quantity import PositiveBytes

Optimizer = Literal["sgd", "momentum", "adam", "lamb"]
Decode = Literal["jpeg", "tokens", "tabular", "none"]
_Layers = Annotated[tuple[NetworkLayer, ...], Field(min_length=1)]


class MlpDescriptor(Frozen):
    """Fully connected layers; the first number is the input."""

    kind: Literal["mlp"]
    layers: Annotated[tuple[PositiveInt, ...], Field(min_length=2)]

    def counts(self) -> OperationCounts:
        """Work and state per sample."""
        return count_mlp(self.layers)


class CnnDescriptor(Frozen):
    """A convolutional network as a list of layers over one image, or volume, size."""

    kind: Literal["cnn"]
    image: Annotated[tuple[PositiveInt, ...], Field(min_length=3, max_length=4)]
    layers: _Layers

    def counts(self) -> OperationCounts:
        """Work and state per image."""
        return count_layers(self.image, self.layers)

    def with_image_size(self, pixels: int) -> Self:
        """Square images, or cubes, of another size."""
        sides = (pixels,) * (len(self.image) - 1)
        return self.model_copy(update={"image": (*sides, self.image[-1])})


class NetworkDescriptor(Frozen):
    """A list of layers over a sequence, ``[length]`` of tokens or ``[length, width]``."""

    kind: Literal["network"]
    input: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=2)]
    layers: _Layers

    def counts(self) -> OperationCounts:
        """Work and state per sequence."""
        return count_layers(self.input, self.layers)

    def with_sequence(self, sequence: int) -> Self:
        """Another length of the first input; others stay as they are."""
        return self.model_copy(update={"input": (sequence, *self.input[1:])})


class CompositeDescriptor(Frozen):
    """Several models that every sample passes through, each trained."""

    kind: Literal["composite"]
    parts: Annotated[tuple[TransformerDescriptor, ...], Field(min_length=2)]

    def counts(self) -> OperationCounts:
        """Work and state per sample, all parts together."""
        return joined([part.counts() for part in self.parts])

    def with_sequence(self, sequence: int) -> Self:
        """Another length for every part."""
        return self.model_copy(
            update={"parts": tuple(part.with_sequence(sequence) for part in self.parts)}
        )


class KerasDescriptor(Frozen):
    """A model file of Keras 3: ``model.keras``, or its ``config.json``."""

    kind: Literal["keras"]
    path: str
    sequence: PositiveInt | None = None
    """Where the file leaves the length of its first input open."""
    image_size: PositiveInt | None = None
    """Where the file leaves the sides of its first input open."""

    def counts(self) -> OperationCounts:
        """Work and state per sample, read from the graph of layers in the file."""
        return count_keras(self.path, sequence=self.sequence, image_size=self.image_size)

    def with_sequence(self, sequence: int) -> Self:
        """Another length of the first input."""
        return self.model_copy(update={"sequence": sequence})

    def with_image_size(self, pixels: int) -> Self:
        """Square images of another size."""
        return self.model_copy(update={"image_size": pixels})


class RawDescriptor(Frozen):
    """Figures that a profiler or a paper gives, for a model whose layers are not known.

    ``activation_bytes_per_sample`` is at 16 bit. Without ``elementwise_bytes_per_sample``
    each kept activation is taken to be written and read once in the forward pass. Without
    ``layers`` the cost of launching kernels is that of one layer, which is too little for
    small batches.
    """

    kind: Literal["raw"] = "raw"
    parameters: PositiveFloat
    forward_flops_per_sample: PositiveFloat
    activation_bytes_per_sample: PositiveBytes
    elementwise_bytes_per_sample: PositiveBytes | None = None
    layers: PositiveInt = 1
    matrix_kind: Literal["gemm", "convolution"] = "gemm"
    sparse_parameters: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _sparse_are_parameters(self) -> Self:
        if self.sparse_parameters > self.parameters:
            raise ValueError(
                f"sparse_parameters {self.sparse_parameters:g} are part of parameters "
                f"{self.parameters:g}, so they cannot be more"
            )
        return self

    def counts(self) -> OperationCounts:
        """Work and state per sample."""
        kept = self.activation_bytes_per_sample / 2
        moved = self.elementwise_bytes_per_sample
        return OperationCounts(
            matrix_kind=self.matrix_kind,
            parameters=self.parameters,
            sparse_parameters=self.sparse_parameters,
            forward_flops_per_sample=self.forward_flops_per_sample,
            elementwise_elements_per_sample=2 * kept if moved is None else moved / 2,
            activation_elements_per_sample=kept,
            checkpoint_elements_per_sample=2 * kept / (self.layers + 1),
            lookup_elements_per_sample=0.0,
            matrix_kernels=self.layers,
            elementwise_kernels=self.layers,
            layers=self.layers,
        )


def _kind(value: Any) -> str:
    kind = value.get("kind", "raw") if isinstance(value, dict) else getattr(value, "kind", "raw")
    return str(kind)


ModelDescriptor = Annotated[
    Annotated[TransformerDescriptor, Tag("transformer")]
    | Annotated[EncoderDecoderDescriptor, Tag("encoder_decoder")]
    | Annotated[GptLikeDescriptor, Tag("gpt_like")]
    | Annotated[MlpDescriptor, Tag("mlp")]
    | Annotated[CnnDescriptor, Tag("cnn")]
    | Annotated[NetworkDescriptor, Tag("network")]
    | Annotated[DlrmDescriptor, Tag("dlrm")]
    | Annotated[EmbeddingMlpDescriptor, Tag("embedding_mlp")]
    | Annotated[CompositeDescriptor, Tag("composite")]
    | Annotated[KerasDescriptor, Tag("keras")]
    | Annotated[RawDescriptor, Tag("raw")],
    Discriminator(_kind),
]
