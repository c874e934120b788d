"""The list of what is priced: ``python -m domain.costing.documentation`` writes docs/pricing.md.

It comes from the costers themselves: each module's first line, and the types that it prices.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from domain.costing import aws, gcp, kubernetes

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "pricing.md"
_CLOUDS: tuple[tuple[str, str, tuple[ModuleType, ...]], ...] = (
    ("AWS", "aws", aws.SERVICES),
    ("Google Cloud", "gcp", gcp.SERVICES),
    ("Kubernetes", "kubernetes", (kubernetes,)),
)
_BETWEEN = re.compile(r"(<!-- priced -->\n).*?(<!-- end -->)", re.DOTALL)
_WIDTH = 98


def with_list(page: str) -> str:
    """The page with the list of today in its place."""
    return _BETWEEN.sub(lambda match: f"{match[1]}{priced()}{match[2]}", page)


def priced() -> str:
    """Markdown: every service by cloud, with its types as they stand in a Pulumi type."""
    lines: list[str] = []
    for title, provider, services in _CLOUDS:
        count = sum(len(service.COSTERS) for service in services)
        lines += [f"**{title}** (`{provider}:…`, {count} types)", "", *_services(services), ""]
    return "\n".join(lines)


def _services(services: tuple[ModuleType, ...]) -> Iterator[str]:
    for service in sorted(services, key=lambda each: (each.__doc__ or "").lower()):
        what = (service.__doc__ or "").strip().splitlines()[0].rstrip(".")
        types = ", ".join(f"`{_short(kind)}`" for kind in sorted(service.COSTERS))
        yield from textwrap.wrap(
            f"- {what}: {types}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False
        )


def _short(kind: str) -> str:
    """``aws:mq/broker:Broker`` → ``mq/Broker``."""
    _, module, name = kind.split(":")
    return f"{module.split('/')[0]}/{name}"


if __name__ == "__main__":
    PAGE.write_text(with_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
