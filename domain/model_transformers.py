"""How a scenario describes a transformer: its shape, or its size alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from domain.architectures import (
    OperationCounts,
    count_encoder_decoder,
    count_gpt_like,
    count_transformer,
)
from domain.frozen import Frozen


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
    head_width: PositiveInt | None = None
    gated: bool = False
    biases: bool = True
    rms_norm: bool = False
    tied: bool = True
    positions: int | None = Field(default=None, ge=0)
    token_types: int = Field(default=0, ge=0)
    embedding_width: PositiveInt | None = None
    table_parameters: PositiveInt | None = None
    memory: int = Field(default=0, ge=0)
    relative_positions: bool = False
    head_positions: int | None = Field(default=None, ge=0)
    head_vocabulary: PositiveInt | None = None
    head_transform: bool = False
    final_normalisation: bool = True
    fused_attention: bool = False
    experts: int = Field(default=0, ge=0)
    experts_per_token: int = Field(default=0, ge=0)
    adapter_rank: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _experts_are_met(self) -> Self:
        if self.experts and not 1 <= self.experts_per_token <= self.experts:
            raise ValueError(
                f"experts_per_token {self.experts_per_token} must be 1 to experts {self.experts}"
            )
        if self.experts_per_token and not self.experts:
            raise ValueError(
                f"experts_per_token {self.experts_per_token} needs experts, their number in a layer"
            )
        return self

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads and self.head_width is None:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        if self.key_value_heads and self.heads % self.key_value_heads:
            raise ValueError(
                f"heads {self.heads} must be a multiple of key_value_heads {self.key_value_heads}"
            )
        return self

    def counts(self) -> OperationCounts:
        """Work and state per sequence."""
        return count_transformer(**self.model_dump(exclude={"kind"}))

    def with_sequence(self, sequence: int) -> Self:
        """Another sequence length; the positions that are predicted scale along."""
        update: dict[str, Any] = {"sequence": sequence}
        if self.head_positions is not None:
            scaled = round(self.head_positions * sequence / self.sequence)
            update["head_positions"] = max(1, scaled)
        return self.model_copy(update=update)


class GptLikeDescriptor(Frozen):
    """A decoder of which only the number of parameters is known."""

    kind: Literal["gpt_like"]
    parameters: Annotated[float, Field(ge=1e6, le=1e14)]
    sequence: PositiveInt = 2048
    vocabulary: PositiveInt = 51200

    def counts(self) -> OperationCounts:
        """Work and state per sequence, of a shape with the proportions of GPT-3."""
        return count_gpt_like(**self.model_dump(exclude={"kind"}))

    def with_sequence(self, sequence: int) -> Self:
        """Another sequence length."""
        return self.model_copy(update={"sequence": sequence})


class EncoderDecoderDescriptor(Frozen):
    """A transformer that reads one sequence and writes another."""

    kind: Literal["encoder_decoder"]
    encoder_layers: PositiveInt
    decoder_layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    sequence: PositiveInt
    target_sequence: PositiveInt
    vocabulary: PositiveInt
    feed_forward_width: PositiveInt
    head_width: PositiveInt | None = None
    gated: bool = False
    biases: bool = True
    rms_norm: bool = False
    tied: bool = True
    positions: int = Field(default=0, ge=0)
    other_parameters: int = Field(default=0, ge=0)
    fused_attention: bool = False

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads and self.head_width is None:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self

    def counts(self) -> OperationCounts:
        """Work and state per pair of sequences."""
        return count_encoder_decoder(**self.model_dump(exclude={"kind"}))

    def with_sequence(self, sequence: int) -> Self:
        """Another length that is read; the written one scales along."""
        written = max(1, round(self.target_sequence * sequence / self.sequence))
        return self.model_copy(update={"sequence": sequence, "target_sequence": written})
