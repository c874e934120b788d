"""What only a deployment will tell: never a default, always said.

A coster reads inputs as if each were there or not. What it reads while only a deployment will
tell its value is remembered here, and what it says of the resource from then on hangs on it:
those lines become gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.catalog import Catalog
from domain.errors import CatalogError
from domain.resources import UNKNOWN
from domain.usage import MachineHours, Unpriceable, Usage

KNOWN_LATER = "known only after deployment"
_NOT_TOLD = "not told in a usable way"

Tell = Callable[[str], None]


class Watched(dict[str, Any]):
    """A nested argument that tells which of its values are asked for and not known yet."""

    def __init__(self, values: Mapping[str, Any], path: str, tell: Tell) -> None:
        super().__init__(values)
        self._path, self._tell = path, tell

    def __getitem__(self, key: str) -> Any:
        return self._seen(key, super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        """As of any mapping."""
        return self._seen(key, super().get(key, default))

    def _seen(self, key: str, value: Any) -> Any:
        path = f"{self._path}.{key}"
        if isinstance(value, str):
            if value == UNKNOWN:
                self._tell(path)
            return value
        return watched(value, path, self._tell)


def watched(value: Any, path: str, tell: Tell) -> Any:
    """The same value; where some of it is not known yet, it tells when that is asked for."""
    if isinstance(value, Mapping):
        return Watched(value, path, tell) if has_unknown(value) else value
    if isinstance(value, list | tuple) and has_unknown(value):
        return [watched(each, path, tell) for each in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether only a deployment will tell some of it."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, Mapping):
        return any(map(has_unknown, value.values()))
    return isinstance(value, list | tuple) and any(map(has_unknown, value))


def reason_of(names: Sequence[str]) -> str:
    """Why a line has no amount, by the names of the inputs that it hangs on."""
    are = "are" if len(names) > 1 else "is"
    quoted = (f"'{name}'" for name in names)
    return f"{' and '.join(quoted)} {are} {KNOWN_LATER}"


def without_defaults(
    usages: Iterable[Usage],
    waiting: list[str],
    *,
    urn: str,
    catalog: Catalog,
    is_preview: bool,
) -> Iterator[Usage]:
    """What a coster says, with gaps for the lines that hang on what is not known yet.

    Args:
        usages: what it says, line by line, while it reads.
        waiting: the inputs that it has read up to then, and that are not known yet. A gap that
            says so itself settles the one that it is about.
        urn: the resource.
        catalog: where prices come from.
        is_preview: whether anything of the resource is not known yet.
    """
    said: set[str] = set()
    components: set[str] = set()
    for usage in usages:
        if isinstance(usage, Unpriceable):
            if KNOWN_LATER in usage.reason:
                if not waiting and not is_preview:
                    reason = usage.reason.replace(KNOWN_LATER, _NOT_TOLD)
                    usage = replace(usage, reason=reason)
                if len(waiting) == 1:
                    waiting.clear()
            yield usage
        elif not waiting or _depends_on_use(usage, catalog):
            yield usage
        else:
            component = _component(usage)
            if component not in components:
                components.add(component)
                yield Unpriceable(urn, component, reason_of(waiting))
            said.update(waiting)
    left = [name for name in waiting if name not in said]
    if left:
        kind = urn.split("::")[-2].rpartition(":")[2] if urn.count("::") > 1 else "resource"
        yield Unpriceable(urn, _words(kind), reason_of(left))


def _depends_on_use(usage: Usage, catalog: Catalog) -> bool:
    """Whether all of it waits for a quantity, so that it tells a unit price at most."""
    if isinstance(usage, MachineHours):
        return False
    try:
        return all(each.amount is None and not each.gap for each in usage.charges(catalog))
    except CatalogError:
        return False


def _component(usage: Usage) -> str:
    if isinstance(usage, MachineHours):
        return "machines"
    words = getattr(usage, "service", None) or _words(type(usage).__name__)
    return str(words).replace("_", " ")


def _words(name: str) -> str:
    """``LoadBalancer`` → ``load balancer``."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name).strip()
