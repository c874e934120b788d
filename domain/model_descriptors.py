"""How a scenario describes a model that has no name: its architecture, or raw figures.

model: {kind: transformer, layers: 24, width: 1024, heads: 16, sequence: 512,
        vocabulary: 30522}
model: {kind: mlp, layers: [784, 512, 10]}
model: {kind: cnn, image: [150, 150, 3], layers: [{op: convolution, filters: 32}, …]}
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

from domain.architectures import OperationCounts, count_dlrm, count_mlp, count_transformer
from domain.convolutional import CnnLayer, count_cnn
from domain.frozen import Frozen
from domain.quantity import PositiveBytes

Optimizer = Literal["sgd", "momentum", "adam", "lamb"]
Decode = Literal["jpeg", "tokens", "tabular", "none"]


class TransformerDescriptor(Frozen):
    """A stack of attention and feed-forward layers over one sequence length."""

    kind: Literal["transformer"]
    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    sequence: PositiveInt
    vocabulary: PositiveInt
    feed_forward_width: PositiveInt | None = None
    key_value_heads: PositiveInt | None = None
    gated: bool = False
    positions: int | None = Field(default=None, ge=0)
    token_types: int = Field(default=0, ge=0)
    head_positions: int | None = Field(default=None, ge=0)
    head_transform: bool = False
    final_normalisation: bool = True
    fused_attention: bool = False

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        if self.key_value_heads and self.heads % self.key_value_heads:
            raise ValueError(
                f"heads {self.heads} must be a multiple of key_value_heads {self.key_value_heads}"
            )
        return self

    def counts(self) -> OperationCounts:
        """Work and state per sequence."""
        return count_transformer(**self.model_dump(exclude={"kind"}))


class MlpDescriptor(Frozen):
    """Fully connected layers; the first number is the input."""

    kind: Literal["mlp"]
    layers: Annotated[tuple[PositiveInt, ...], Field(min_length=2)]

    def counts(self) -> OperationCounts:
        """Work and state per sample."""
        return count_mlp(self.layers)


class CnnDescriptor(Frozen):
    """A convolutional network as a list of layers over one image size."""

    kind: Literal["cnn"]
    image: tuple[PositiveInt, PositiveInt, PositiveInt]
    layers: Annotated[tuple[CnnLayer, ...], Field(min_length=1)]

    def counts(self) -> OperationCounts:
        """Work and state per image."""
        return count_cnn(self.image, self.layers)


class DlrmDescriptor(Frozen):
    """Embedding tables, a bottom and a top perceptron."""

    kind: Literal["dlrm"]
    dense_features: PositiveInt
    bottom: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    top: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    tables: PositiveInt
    table_rows: PositiveInt

    def counts(self) -> OperationCounts:
        """Work and state per row."""
        return count_dlrm(**self.model_dump(exclude={"kind"}))


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
        )


def _kind(value: Any) -> str:
    kind = value.get("kind", "raw") if isinstance(value, dict) else getattr(value, "kind", "raw")
    return str(kind)


ModelDescriptor = Annotated[
    Annotated[TransformerDescriptor, Tag("transformer")]
    | Annotated[MlpDescriptor, Tag("mlp")]
    | Annotated[CnnDescriptor, Tag("cnn")]
    | Annotated[DlrmDescriptor, Tag("dlrm")]
    | Annotated[RawDescriptor, Tag("raw")],
    Discriminator(_kind),
]
