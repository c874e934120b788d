"""What a coster sees: one resource, the graph around it, the catalog, what was stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from domain.catalog import Catalog, ServicePrice
from domain.catalog.facts import REFERENCE_REGIONS
from domain.costing.kinds import usual_type
from domain.costing.quantities import Quantities, StatedUsage, overlaid, quantities_of
from domain.costing.values import blocks, text
from domain.costing.waiting import KNOWN_LATER, has_unknown, watched
from domain.materials import MONTH_SECONDS
from domain.resources import UNKNOWN, Resource, ResourceGraph, is_known
from domain.resources.regions import region_of
from domain.usage import Measure, ServiceUse, Unpriceable, Usage

_Answer = TypeVar("_Answer")

__all__ = ["KNOWN_LATER", "Context", "Coster", "Survey"]


@dataclass(frozen=True)
class Survey:
    """One pricing of a whole graph: what all its resources share."""

    graph: ResourceGraph
    catalog: Catalog
    stated: Mapping[str, Quantities] = field(default_factory=dict)
    period_seconds: float = MONTH_SECONDS
    usage: StatedUsage = field(default_factory=dict)
    """What a usage file states; it wins over ``stated``."""
    _found: dict[str, object] = field(default_factory=dict, repr=False)

    def once(self, what: str, found: Callable[[], _Answer]) -> _Answer:
        """An answer that every resource would find anew, found once."""
        if what not in self._found:
            self._found[what] = found()
        return cast(_Answer, self._found[what])

    def context(self, resource: Resource) -> Context:
        """What the coster of ``resource`` sees."""
        return Context(resource, self)

    def of_type(self, *types: str) -> Iterator[Context]:
        """The contexts of all resources of these types."""
        for name in types:
            yield from map(self.context, self._by_type.get(name, ()))

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.graph.resources:
            found.setdefault(usual_type(resource.type), []).append(resource)
        return found

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """URN → URNs of the resources whose inputs refer to it."""
        found: dict[str, set[str]] = {}
        for resource in self.graph.resources:
            for targets in resource.property_dependencies.values():
                for target in targets:
                    found.setdefault(target, set()).add(resource.urn)
            for value in _texts(_but_its_name(resource.inputs)):
                for other in self.graph.by_identity.get(value, ()):
                    if other.urn != resource.urn:
                        found.setdefault(other.urn, set()).add(resource.urn)
        return {target: frozenset(users) for target, users in found.items()}


@dataclass(frozen=True)
class Context:
    """One resource and all that its price may depend on.

    ``notes`` collects the assumptions that were made; they are printed to people.
    """

    resource: Resource
    survey: Survey
    notes: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Inputs that were read, and whose values only a deployment will tell."""
    supposed: Quantities | None = None
    """Quantities to suppose, whatever is stated: to find out what depends on them."""

    @property
    def graph(self) -> ResourceGraph:
        """The resources around this one."""
        return self.survey.graph

    @property
    def catalog(self) -> Catalog:
        """Where prices come from."""
        return self.survey.catalog

    @property
    def seconds(self) -> float:
        """The period that is billed."""
        return self.survey.period_seconds

    @cached_property
    def provider(self) -> str:
        """``aws`` or ``gcp``."""
        return self.resource.type.split(":", 1)[0]

    @cached_property
    def region(self) -> str:
        """Where it stands; empty where that is not known, so that the reference region's
        price is assumed and the bill says so."""
        found = region_of(self.resource, self.graph)
        if found is None and any(
            self.resource.inputs.get(key) == UNKNOWN for key in ("region", "location", "zone")
        ):
            self.note(f"A region that is {KNOWN_LATER} is taken to be {self._reference}.")
        return found or ""

    @property
    def _reference(self) -> str:
        return REFERENCE_REGIONS.get(self.provider, "that of reference")

    @cached_property
    def quantities(self) -> Quantities:
        """What somebody states about its use."""
        if self.supposed is not None:
            return self.supposed
        known = quantities_of(self.resource, self.graph, self.survey.stated)
        return overlaid(known, self.survey.usage.get(self.resource.urn, {}))

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Tags or labels, however the resource writes them."""
        found: dict[str, str] = {}
        for values in (self.resource.outputs, self.resource.inputs):
            for key in ("tagsAll", "effectiveLabels", "resourceLabels", "labels", "tags"):
                tags = values.get(key)
                if isinstance(tags, Mapping):
                    found |= {name: str(value) for name, value in tags.items() if is_known(value)}
                else:
                    found |= {str(each.get("key")): str(each.get("value")) for each in blocks(tags)}
        return found

    def get(self, name: str) -> Any:
        """An input, else the output of that name; None where it is unknown.

        What hangs on one that only a deployment will tell becomes a gap. Names and other
        inputs that decide no price are read with ``resource.get``, which remembers nothing.
        """
        found = self.resource.get(name)
        if found is None and self.resource.inputs.get(name) == UNKNOWN:
            self._wait(name)
        return watched(found, name, self._wait)

    def written(self, name: str) -> Any:
        """An input, as ``get`` reads it, whatever the cloud answered."""
        found = self.resource.inputs.get(name)
        if isinstance(found, str) and found == UNKNOWN:
            self._wait(name)
            return None
        return watched(found, name, self._wait)

    def _wait(self, name: str) -> None:
        if name not in self.waiting:
            self.waiting.append(name)

    def is_waiting(self, name: str) -> bool:
        """Whether an input is given, but only a deployment will tell its value."""
        return self.resource.inputs.get(name) == UNKNOWN and self.get(name) is None

    def referred(self, name: str, *types: str) -> Context | None:
        """What an input refers to, if it is in the graph."""
        target = self.graph.referred(self.resource, name, *types)
        if target is not None:
            return self.beside(target)
        if has_unknown(self.resource.inputs.get(name)):
            self._wait(name)
        return None

    def beside(self, resource: Resource) -> Context:
        """The context of another resource, which notes what it assumes here."""
        return Context(resource, self.survey, self.notes, self.waiting)

    def users(self, *types: str) -> Iterator[Resource]:
        """The resources that refer to this one, of these types."""
        for urn in sorted(self.survey.users.get(self.resource.urn, ())):
            user = self.graph.by_urn[urn]
            if not types or user.type in types:
                yield user

    def note(self, sentence: str) -> None:
        """Writes down an assumption, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def price(self, service: str, item: str, region: str | None = None) -> ServicePrice | None:
        """What the catalog knows of an item in a region, its own if not another."""
        where = self.region if region is None else region
        return self.catalog.service(self.provider, service, item, where)

    def use(self, service: str, item: str, measure: Measure, amount: float | None) -> ServiceUse:
        """An amount of one item of the price catalog; None where it is not known."""
        return ServiceUse(
            resource=self.resource.urn,
            provider=self.provider,
            region=self.region,
            service=service,
            item=item,
            measure=measure,
            amount=amount,
            period_seconds=self.seconds,
        )

    def hours(self, service: str, item: str, count: float | None = 1) -> ServiceUse:
        """So many things of one kind for the whole period, by the hour or by the month."""
        return self.use(service, item, "seconds", None if count is None else count * self.seconds)

    def kept(self, service: str, item: str, size_bytes: float | None) -> ServiceUse:
        """Bytes that are kept for the whole period."""
        held = None if size_bytes is None else size_bytes * self.seconds
        return self.use(service, item, "byte_seconds", held)

    def unpriceable(self, component: str, reason: str) -> Unpriceable:
        """A part that is billed, but cannot be priced for a reason."""
        return Unpriceable(self.resource.urn, component, reason)


Coster = Callable[[Context], Iterable[Usage]]


def _but_its_name(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a resource calls itself refers to nothing."""
    return {key: value for key, value in inputs.items() if key != "name"}


def _texts(value: Any) -> Iterator[str]:
    found = text(value)
    if found:
        yield found
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
