"""The environment on Google Cloud; ``declare`` is the one door."""

from __future__ import annotations

from stacks.gcp.stack import declare

__all__ = ["declare"]
