"""An environment on AWS."""

from __future__ import annotations

from stacks.aws.stack import declare

__all__ = ["declare"]
