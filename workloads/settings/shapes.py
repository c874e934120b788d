"""The sizes of each benchmark's model, and the descriptor that predicts it.

A descriptor is the name of a model of the zoo where the sizes are its own, else the mapping
that a scenario would describe it by. A test builds each model and compares.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from domain.frozen import Frozen

Descriptor = str | dict[str, Any]
Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class CnnShape(Frozen):
    """Blocks of a 3×3 convolution and a 2×2 pooling, then two dense layers."""

    image_size: Annotated[int, Field(ge=10)] = 150
    filters: Widths = (32, 64, 128)
    dense: PositiveInt = 512
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5

    @model_validator(mode="after")
    def _the_image_is_large_enough(self) -> Self:
        size = self.image_size
        for _ in self.filters:
            size = (size - 2) // 2
        if size < 1:
            raise ValueError(
                f"image_size {self.image_size} is too small for {len(self.filters)} blocks of "
                "convolution and pooling"
            )
        return self

    @property
    def descriptor(self) -> Descriptor:
        """``small_cnn`` where only the image size differs from it."""
        if (self.filters, self.dense) == ((32, 64, 128), 512) and self.dropout:
            return "small_cnn"
        layers: list[dict[str, Any]] = []
        for filters in self.filters:
            layers += [{"op": "convolution", "filters": filters}, {"op": "pool"}]
        layers += [{"op": "flatten"}, {"op": "dense", "units": self.dense}]
        layers += [{"op": "dropout"}] if self.dropout else []
        layers += [{"op": "dense", "units": 1}]
        return {"kind": "cnn", "image": [self.image_size] * 2 + [3], "layers": layers}


class ResNetShape(Frozen):
    """Bottleneck blocks of ResNet v1.5 (He et al., 2015, table 1)."""

    image_size: Annotated[int, Field(ge=8)] = 224
    width: PositiveInt = 64
    """Filters of the first stage; each further stage doubles them."""
    blocks: Widths = (3, 4, 6, 3)
    classes: Annotated[int, Field(ge=2)] = 1000

    @property
    def descriptor(self) -> Descriptor:
        """``resnet50`` where only the image size differs from it."""
        if (self.width, self.blocks, self.classes) == (64, (3, 4, 6, 3), 1000):
            return "resnet50"
        stem = {"op": "convolution", "filters": self.width, "kernel": 7, "stride": 2}
        layers: list[dict[str, Any]] = [
            stem | {"padding": "same", "batch_norm": True},
            {"op": "pool", "size": 3, "stride": 2, "padding": "same"},
        ]
        for stage, blocks in enumerate(self.blocks):
            filters, stride = self.width * 2**stage, 1 if stage == 0 else 2
            layers.append(
                {"op": "bottleneck", "filters": filters, "blocks": blocks, "stride": stride}
            )
        layers += [{"op": "global_pool"}, {"op": "dense", "units": self.classes}]
        return {"kind": "cnn", "image": [self.image_size] * 2 + [3], "layers": layers}


class MlpShape(Frozen):
    """Fully connected layers between a vector and classes."""

    features: PositiveInt = 784
    hidden: Widths = (512, 512)
    classes: Annotated[int, Field(ge=2)] = 10

    @property
    def descriptor(self) -> Descriptor:
        """``mlp`` where the sizes are those of the zoo."""
        layers = [self.features, *self.hidden, self.classes]
        return "mlp" if layers == [784, 512, 512, 10] else {"kind": "mlp", "layers": layers}


class TransformerShape(Frozen):
    """A stack of attention layers."""

    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    sequence: Annotated[int, Field(ge=4)]
    vocabulary: Annotated[int, Field(ge=8)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self

    def _sizes(self) -> dict[str, int]:
        keys = ("layers", "width", "heads", "sequence", "vocabulary")
        return {key: getattr(self, key) for key in keys}


class BertShape(TransformerShape):
    """An encoder that predicts 15 % of its positions (Devlin et al., 2018)."""

    positions: PositiveInt = 512
    """Rows of the table of positions; the longest sequence."""

    @model_validator(mode="after")
    def _positions_suffice(self) -> Self:
        if self.sequence > self.positions:
            raise ValueError(f"sequence {self.sequence} needs as many positions at least")
        return self

    @property
    def predicted(self) -> int:
        """Positions of a sample that reach the vocabulary, as the zoo scales them."""
        return max(1, round(76 * self.sequence / 512))

    @property
    def descriptor(self) -> Descriptor:
        """``bert-base`` or ``bert-large`` at any sequence, where the sizes are theirs."""
        if (self.positions, self.vocabulary) == (512, 30522):
            sizes = (self.layers, self.width, self.heads)
            for name, known in (("bert-base", (12, 768, 12)), ("bert-large", (24, 1024, 16))):
                if sizes == known:
                    return name
        return {
            "kind": "transformer",
            **self._sizes(),
            "token_types": 2,
            "positions": self.positions,
            "head_positions": self.predicted,
            "head_transform": True,
        }


class GptShape(TransformerShape):
    """A decoder with learned positions and a tied output (Radford et al., 2019)."""

    @property
    def descriptor(self) -> Descriptor:
        """``gpt2`` or ``gpt2-medium`` where the sizes are theirs."""
        if (self.sequence, self.vocabulary) == (1024, 50257):
            sizes = (self.layers, self.width, self.heads)
            for name, known in (("gpt2", (12, 768, 12)), ("gpt2-medium", (24, 1024, 16))):
                if sizes == known:
                    return name
        return {"kind": "transformer", **self._sizes()}


class DlrmShape(Frozen):
    """Tables, two perceptrons, and all pairs between (Naumov et al., 2019)."""

    dense_features: PositiveInt = 13
    bottom: Widths = (512, 256, 128)
    top: Widths = (1024, 1024, 512, 256, 1)
    tables: PositiveInt = 26
    table_rows: PositiveInt = 187767399
    """Over all tables, as evenly as it goes."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.table_rows < self.tables:
            raise ValueError(f"table_rows {self.table_rows} must be at least tables {self.tables}")
        if self.top[-1] != 1:
            raise ValueError(f"top ends in {self.top[-1]}; it must end in 1, the click")
        return self

    @property
    def rows(self) -> tuple[int, ...]:
        """Rows of each table."""
        each, rest = divmod(self.table_rows, self.tables)
        return tuple(each + (table < rest) for table in range(self.tables))

    @property
    def descriptor(self) -> Descriptor:
        """``dlrm`` where the sizes are those of the MLPerf benchmark."""
        if self == DlrmShape():
            return "dlrm"
        return {"kind": "dlrm", **self.model_dump(mode="json")}


class ServingShape(Frozen):
    """How requests are batched and how many come."""

    batch: PositiveInt = 16
    """Requests in one batch, at most."""
    timeout_seconds: Annotated[float, Field(ge=0)] = 0.005
    """How long the first request of a batch waits for others."""
    requests: PositiveInt = 500
    arrivals: Literal["closed", "poisson"] = "closed"
    """``closed``: each client asks again when it was answered; ``poisson``: at a rate."""
    clients: PositiveInt = 16
    requests_per_second: Annotated[float, Field(gt=0)] = 200.0
