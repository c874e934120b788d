"""Names, tags and labels of everything that is deployed: they come from here alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.blueprint import TAG_MARKET, TAG_POOL, TAG_SIZE, TAG_STACK, TAG_STORAGE
from domain.environment import Environment

_LABEL_MOST = 63
_HASH_DIGITS = 6
_NOT_LABEL = re.compile(r"[^a-z0-9_-]+")
_NOT_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Names:
    """How one stack calls its resources. ``tags`` are the team's own, on everything."""

    project: str
    stack: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def prefix(self, name: str, most: int = 40) -> str:
        """A physical name for ``name``: ``<stack>-<name>`` in what every cloud accepts.

        Lower-case letters, digits and hyphens, a letter first, at most ``most`` characters,
        so that there is room for the random end that Pulumi adds. A name that had to be cut
        ends in a few digits of its hash: names that differ stay different.
        """
        plain = _NOT_NAME.sub("-", f"{self.stack}-{name}".lower()).strip("-")
        whole = "w-" + plain if not plain[:1].isalpha() else plain
        if len(whole) <= most:
            return whole
        end = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_DIGITS]
        return f"{whole[: most - _HASH_DIGITS - 1].rstrip('-')}-{end}"

    def aws_tags(
        self,
        environment: Environment | None = None,
        *,
        pool: str | None = None,
        storage: str | None = None,
    ) -> dict[str, str]:
        """Tags of an AWS resource; of a pool's or a storage's too where one is named."""
        return {
            "project": self.project,
            "environment": self.stack,
            **self.tags,
            **self._own(environment, pool, storage),
        }

    def gcp_labels(
        self,
        environment: Environment | None = None,
        *,
        pool: str | None = None,
        storage: str | None = None,
    ) -> dict[str, str]:
        """The same as labels, in the characters and the length that GCP accepts."""
        tags = self.aws_tags(environment, pool=pool, storage=storage)
        return {_label(key): _label(value) for key, value in tags.items()}

    def _own(
        self, environment: Environment | None, pool: str | None, storage: str | None
    ) -> dict[str, str]:
        own = {TAG_STACK: self.stack}
        if pool is not None:
            own[TAG_POOL] = pool
            if environment and environment.pools[pool].market == "reserved":
                own[TAG_MARKET] = "reserved"
        if storage is not None:
            own[TAG_STORAGE] = storage
            size = getattr(environment.storage[storage], "size", None) if environment else None
            if size is not None:
                own[TAG_SIZE] = f"{size:.0f}"
        return own


def _label(text: str) -> str:
    return _NOT_LABEL.sub("-", text.lower())[:_LABEL_MOST]
