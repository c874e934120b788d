"""The Pulumi program: declares what the environment of the stack needs."""

from __future__ import annotations

from importlib import import_module

import pulumi

from stacks.config import read_environment
from stacks.names import Names

environment = read_environment()
names = Names(pulumi.get_project(), pulumi.get_stack(), environment.governance.tags)
# Each provider's folder has the same face, declare(environment, names) -> Outputs, and is
# imported only where it is needed: the SDKs take seconds and hundreds of megabytes.
outputs = import_module(f"stacks.{environment.provider}").declare(environment, names)
for name, value in outputs.as_exports().items():
    pulumi.export(name, value)
