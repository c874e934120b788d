"""What is known about a model that somebody trains: counts, units, and where they are from.

``resolve_model("resnet50")`` and ``resolve_model({"kind": "mlp", "layers": [784, 10]})``
give the same kind of answer. Named models are rows of ``facts/models.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter, ValidationError

from domain.architectures import OperationCounts
from domain.errors import CatalogError, ScenarioError, near_misses
from domain.frozen import Frozen
from domain.model_descriptors import Decode, ModelDescriptor, Optimizer, TransformerDescriptor
from domain.quantity import PositiveBytes

SampleUnit = Literal["image", "sequence", "sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts(OperationCounts):
    """One model: the counts of its forward pass and how it is usually trained.

    ``sample_bytes`` is one stored sample, ``None`` where it depends on the dataset.
    """

    name: str
    sample_unit: SampleUnit
    optimizer: Optimizer
    decode: Decode
    sample_bytes: float | None
    source: str
    as_of: date | None

    @property
    def dense_parameters(self) -> float:
        """Parameters that every data-parallel replica holds and whose gradients are reduced."""
        return self.parameters - self.sparse_parameters

    def activation_bytes_per_sample(self, bytes_per_element: float) -> float:
        """Bytes kept for the backward pass: 2 per element at 16 bit, 4 at fp32."""
        return self.activation_elements_per_sample * bytes_per_element

    def gradient_bytes(self, bytes_per_element: float) -> float:
        """Bytes that one all-reduce of all dense gradients carries."""
        return self.dense_parameters * bytes_per_element


class _Entry(Frozen):
    aliases: tuple[str, ...] = ()
    sample_unit: SampleUnit
    optimizer: Optimizer
    decode: Decode
    sample_bytes: PositiveBytes | None = None
    source: str
    architecture: ModelDescriptor


class _Facts(Frozen):
    as_of: date
    models: dict[str, _Entry]


_DESCRIPTOR: TypeAdapter[ModelDescriptor] = TypeAdapter(ModelDescriptor)
# How a model that only a scenario describes is trained, where the scenario does not say.
_INLINE: dict[str, tuple[SampleUnit, Optimizer, Decode]] = {
    "transformer": ("sequence", "adam", "tokens"),
    "mlp": ("sample", "adam", "tabular"),
    "cnn": ("image", "momentum", "jpeg"),
    "dlrm": ("sample", "sgd", "tabular"),
    "raw": ("sample", "adam", "none"),
}


@cache
def _facts() -> _Facts:
    text = files("domain").joinpath("facts/models.yaml").read_text(encoding="utf-8")
    return _Facts.model_validate(yaml.load(text, Loader=_loader()))


def _loader() -> type[Any]:
    # libyaml is ten times as fast where it was built in.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _names() -> dict[str, str]:
    entries = _facts().models.items()
    aliases = {alias: name for name, entry in entries for alias in entry.aliases}
    return {name: name for name, _ in entries} | aliases


def model_names() -> tuple[str, ...]:
    """The canonical names of all models in the catalog."""
    return tuple(_facts().models)


def resolve_model(
    model: str | Mapping[str, Any] | ModelDescriptor, *, sequence: int | None = None
) -> ModelFacts:
    """Facts of a named model or of a descriptor.

    Args:
        model: a name or alias (case and ``_`` do not matter), a mapping, or a descriptor.
        sequence: another sequence length for a transformer; predicted positions scale along.

    Raises:
        CatalogError: the name is not in the catalog.
        ScenarioError: the descriptor does not hold together.
    """
    if isinstance(model, str):
        asked = model.strip().lower()
        name = _names().get(asked) or _names().get(asked.replace("_", "-"))
        if name is None:
            raise CatalogError(
                f"no model '{model}' in the catalog{near_misses(model, _names()) or '.'} "
                f"Known: {', '.join(model_names())}; or describe it inline, for example "
                "{kind: mlp, layers: [784, 512, 10]}",
                where="model",
            )
        return _resolve_named(name, sequence)
    descriptor = _parse(model) if isinstance(model, Mapping) else model
    return _resolve_inline(descriptor, sequence)


def _parse(model: Mapping[str, Any]) -> ModelDescriptor:
    kind = str(model.get("kind", "raw"))
    if kind not in _INLINE:
        raise ScenarioError(
            f"no kind of model '{kind}'{near_misses(kind, _INLINE) or ';'} "
            f"a model is one of {', '.join(_INLINE)}",
            where="model.kind",
        )
    try:
        return _DESCRIPTOR.validate_python(dict(model))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][1:])
        raise ScenarioError(
            f"{first['msg'].removeprefix('Value error, ')}",
            where=f"model.{key}" if key else "model",
        ) from error


@cache
def _resolve_named(name: str, sequence: int | None) -> ModelFacts:
    entry = _facts().models[name]
    descriptor = _with_sequence(entry.architecture, sequence, name)
    return ModelFacts(
        **asdict(descriptor.counts()),
        name=name,
        sample_unit=entry.sample_unit,
        optimizer=entry.optimizer,
        decode=entry.decode,
        sample_bytes=entry.sample_bytes,
        source=entry.source,
        as_of=_facts().as_of,
    )


def _resolve_inline(descriptor: ModelDescriptor, sequence: int | None) -> ModelFacts:
    descriptor = _with_sequence(descriptor, sequence, descriptor.kind)
    sample_unit, optimizer, decode = _INLINE[descriptor.kind]
    try:
        counts = descriptor.counts()
    except ScenarioError as error:
        raise error.at("model.layers") from None
    return ModelFacts(
        **asdict(counts),
        name=f"{descriptor.kind} of the scenario",
        sample_unit=sample_unit,
        optimizer=optimizer,
        decode=decode,
        sample_bytes=None,
        source="the scenario",
        as_of=None,
    )


def _with_sequence(descriptor: ModelDescriptor, sequence: int | None, name: str) -> ModelDescriptor:
    if sequence is None:
        return descriptor
    if not isinstance(descriptor, TransformerDescriptor):
        raise ScenarioError(
            f"a sequence length of {sequence} was given for {name}, which is not a transformer",
            where="model.sequence",
        )
    if sequence < 1:
        raise ScenarioError(
            f"a sequence length of {sequence} must be at least 1", where="model.sequence"
        )
    predicted = descriptor.head_positions
    update: dict[str, Any] = {"sequence": sequence}
    if predicted is not None:
        update["head_positions"] = max(1, round(predicted * sequence / descriptor.sequence))
    return descriptor.model_copy(update=update)
