"""What is known about a model that somebody trains: counts, units, and where they are from.

``resolve_model("resnet50")`` and ``resolve_model({"kind": "mlp", "layers": [784, 10]})``
give the same kind of answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.architectures import OperationCounts
from domain.errors import CatalogError, ScenarioError, near_misses
from domain.located import Located
from domain.model_descriptors import Decode, ModelDescriptor, Optimizer
from domain.model_zoo import SampleUnit, entry, find_name, spellings, zoo_names


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts(OperationCounts):
    """One model: the counts of its forward pass and how it is usually trained.

    ``sample_bytes`` is one stored sample, ``None`` where it depends on the dataset.
    ``unit_per_sample`` holds how many of each unit that results are published in make one
    sample, ``assumed`` what of all this the source does not say.
    """

    name: str
    sample_unit: SampleUnit
    optimizer: Optimizer
    decode: Decode
    sample_bytes: float | None
    source: str
    as_of: date | None
    unit_per_sample: tuple[tuple[str, float], ...] = ()
    assumed: str | None = None

    @property
    def dense_parameters(self) -> float:
        """Parameters that every data-parallel replica holds: all but tables that are spread."""
        return self.parameters - self.sparse_parameters

    @property
    def trained_parameters(self) -> float:
        """Dense parameters that have a gradient: all but frozen ones."""
        return self.dense_parameters - self.frozen_parameters

    @property
    def frozen_share(self) -> float:
        """Of the dense parameters, those without a gradient."""
        return self.frozen_parameters / self.dense_parameters if self.dense_parameters else 0.0

    @property
    def tokens_per_sample(self) -> float:
        """Tokens where a sample is a sequence of them, else 1."""
        return dict(self.unit_per_sample).get("tokens", 1.0)

    def activation_bytes_per_sample(self, bytes_per_element: float) -> float:
        """Bytes kept for the backward pass: 2 per element at 16 bit, 4 at fp32."""
        return self.activation_elements_per_sample * bytes_per_element

    def gradient_bytes(self, bytes_per_element: float) -> float:
        """Bytes that one all-reduce of all dense gradients carries."""
        return self.trained_parameters * bytes_per_element


_DESCRIPTOR: TypeAdapter[ModelDescriptor] = TypeAdapter(ModelDescriptor)
# How a model that only a scenario describes is trained, where the scenario does not say.
_INLINE: dict[str, tuple[SampleUnit, Optimizer, Decode]] = {
    "transformer": ("sequence", "adam", "tokens"),
    "gpt_like": ("sequence", "adam", "tokens"),
    "encoder_decoder": ("sequence", "adam", "tokens"),
    "composite": ("sequence", "adam", "tokens"),
    "mlp": ("sample", "adam", "tabular"),
    "cnn": ("image", "momentum", "jpeg"),
    "network": ("sequence", "adam", "none"),
    "dlrm": ("sample", "sgd", "tabular"),
    "embedding_mlp": ("sample", "adam", "tabular"),
    "keras": ("sample", "adam", "none"),
    "raw": ("sample", "adam", "none"),
}


def model_names() -> tuple[str, ...]:
    """The canonical names of all models in the catalog."""
    return zoo_names()


def resolve_model(
    model: str | Mapping[str, Any] | ModelDescriptor,
    *,
    sequence: int | None = None,
    image_size: int | None = None,
) -> ModelFacts:
    """Facts of a named model or of a descriptor.

    Args:
        model: a name or alias (case and ``_`` do not matter), a mapping, or a descriptor.
        sequence: another sequence length for a transformer; predicted positions scale along.
        image_size: another number of pixels on each side, for a model of images.

    Raises:
        CatalogError: the name is not in the catalog.
        ScenarioError: the descriptor does not hold together.
    """
    if isinstance(model, str):
        name = find_name(model)
        if name is None:
            raise CatalogError(
                f"no model '{model}' in the catalog{near_misses(model, spellings()) or '.'} "
                f"Known: {', '.join(model_names())}; or describe it inline, for example "
                "{kind: mlp, layers: [784, 512, 10]}",
                where="model",
            )
        return _resolve_named(name, sequence, image_size)
    descriptor = _parse(model) if isinstance(model, Mapping) else model
    return _resolve_inline(descriptor, sequence, image_size)


def model_text(model: str | ModelDescriptor) -> str:
    """A model as one cell of a table: its name, or its description as JSON, always the same."""
    if isinstance(model, str):
        return model
    told = {"kind": model.kind, **model.model_dump(mode="json", exclude_defaults=True)}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def model_of_text(text: str) -> str | ModelDescriptor:
    """What ``model_text`` wrote, or a person as JSON.

    Raises:
        ScenarioError: a description that is not JSON or does not hold together.
    """
    if not text.lstrip().startswith("{"):
        return text
    try:
        return _parse(json.loads(text))
    except ValueError as error:
        raise ScenarioError(f"the description is not JSON: {error}", where="model") from None


def read_model(located: Located) -> ModelDescriptor:
    """The description that a file holds.

    Raises:
        ScenarioError: it does not hold together; names the file.
    """
    try:
        return _parse(located.data)
    except ScenarioError as error:
        raise error.at(located.name) from None


def described_name(model: ModelDescriptor) -> str:
    """A short name for a described model, the same for the same description: its kind, its
    layers where they are few figures, and four digits that tell it from others."""
    layers, width = getattr(model, "layers", None), getattr(model, "width", None)
    told = [layers, width] if isinstance(layers, int) and width else layers
    figures = "x".join(map(str, told or ())) if _are_few_figures(told) else ""
    digits = sha256(model_text(model).encode()).hexdigest()[:4]
    return "-".join(each for each in (model.kind, figures, digits) if each)


def _are_few_figures(layers: Any) -> bool:
    return (
        isinstance(layers, list | tuple)
        and len(layers) <= _FEW
        and all(isinstance(each, int) for each in layers)
    )


_FEW = 5


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
def _resolve_named(name: str, sequence: int | None, image_size: int | None) -> ModelFacts:
    try:
        row = entry(name)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ScenarioError(f"'{name}': {message}", where="model") from error
    descriptor = _resized(row.architecture, sequence, image_size, name)
    counts = descriptor.counts()
    return ModelFacts(
        **asdict(counts),
        name=name,
        sample_unit=row.sample_unit,
        optimizer=row.optimizer,
        decode=row.decode,
        sample_bytes=row.sample_bytes,
        source=row.source,
        as_of=row.as_of,
        unit_per_sample=_units(counts, row.sample_unit, row.units),
        assumed=row.assumed,
    )


def _resolve_inline(
    descriptor: ModelDescriptor, sequence: int | None, image_size: int | None
) -> ModelFacts:
    descriptor = _resized(descriptor, sequence, image_size, descriptor.kind)
    sample_unit, optimizer, decode = _INLINE[descriptor.kind]
    try:
        counts = descriptor.counts()
    except ScenarioError as error:
        where = "model.path" if descriptor.kind == "keras" else "model.layers"
        raise error.at(where) from None
    return ModelFacts(
        **asdict(counts),
        name=f"{descriptor.kind} of the scenario",
        sample_unit=sample_unit,
        optimizer=optimizer,
        decode=decode,
        sample_bytes=None,
        source="the scenario",
        as_of=None,
        unit_per_sample=_units(counts, sample_unit, {}),
    )


def _units(
    counts: OperationCounts, sample_unit: SampleUnit, stated: Mapping[str, float]
) -> tuple[tuple[str, float], ...]:
    units = {"samples": 1.0, f"{sample_unit}s": 1.0}
    if sample_unit == "volume":
        units["images"] = 1.0
    if sample_unit == "sequence" and counts.sequence:
        units["tokens"] = float(counts.sequence)
    return tuple((units | dict(stated)).items())


def _resized(
    descriptor: ModelDescriptor, sequence: int | None, image_size: int | None, name: str
) -> ModelDescriptor:
    for given, key, noun, right in (
        (sequence, "sequence", "a sequence length", "a transformer"),
        (image_size, "image_size", "an image size", "a model of images"),
    ):
        if given is None:
            continue
        resize = getattr(descriptor, f"with_{key}", None)
        if resize is None:
            raise ScenarioError(
                f"{noun} of {given} was given for {name}, which is not {right}",
                where=f"model.{key}",
            )
        if given < 1:
            raise ScenarioError(f"{noun} of {given} must be at least 1", where=f"model.{key}")
        descriptor = resize(given)
    return descriptor
