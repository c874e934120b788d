"""AWS for people: Cognito's users and Kendra's indexes."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage


def user_pool(context: Context) -> Iterator[Usage]:
    """Users that are active in the month."""
    tier = (text(context.get("userPoolTier")) or "ESSENTIALS").lower()
    yield context.hours("users", f"active.{tier}", None)


def index(context: Context) -> Iterator[Usage]:
    """A Kendra index by its edition."""
    edition = (text(context.get("edition")) or "ENTERPRISE_EDITION").lower()
    yield class_hours(context, "enterprise_search", edition)


COSTERS: dict[str, Coster] = {
    "aws:cognito/userPool:UserPool": user_pool,
    "aws:kendra/index:Index": index,
}
