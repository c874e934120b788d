"""How a scenario describes a recommender: embedding tables and perceptrons."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from domain.architectures import OperationCounts, count_dlrm, count_embedding_mlp
from domain.frozen import Frozen

Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class DlrmDescriptor(Frozen):
    """Embedding tables spread over the accelerators, a bottom and a top perceptron."""

    kind: Literal["dlrm"]
    dense_features: PositiveInt
    bottom: Widths
    top: Widths
    tables: PositiveInt
    table_rows: PositiveInt
    lookups: PositiveInt | None = None
    cross_layers: int = Field(default=0, ge=0)
    cross_rank: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _rank_of_a_cross(self) -> Self:
        if self.cross_rank and not self.cross_layers:
            raise ValueError(f"cross_rank {self.cross_rank} needs cross_layers, their number")
        return self

    def counts(self) -> OperationCounts:
        """Work and state per row."""
        return count_dlrm(**self.model_dump(exclude={"kind"}))


class EmbeddingMlpDescriptor(Frozen):
    """A perceptron over looked-up rows of tables, each as ``[rows, width]``."""

    kind: Literal["embedding_mlp"]
    tables: Annotated[tuple[tuple[PositiveInt, PositiveInt], ...], Field(min_length=1)]
    dense_features: int = Field(default=0, ge=0)
    hidden: Widths
    beside: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _something_goes_through(self) -> Self:
        width = sum(width for _, width in self.tables) + self.dense_features
        if self.beside >= width:
            raise ValueError(f"beside {self.beside} must be less than the {width} numbers in all")
        return self

    def counts(self) -> OperationCounts:
        """Work and state per row."""
        return count_embedding_mlp(**self.model_dump(exclude={"kind"}))
