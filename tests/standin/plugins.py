"""Where the Pulumi CLI finds the stand-ins: a plugin folder of its own."""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import version
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent


def install(home: Path) -> None:
    """Lay out ``$PULUMI_HOME/plugins`` with a stand-in for each provider, at the SDK's version."""
    for provider in ("aws", "gcp"):
        release = version(f"pulumi-{provider}")
        folder = home / "plugins" / f"resource-{provider}-v{release}"
        folder.mkdir(parents=True)
        words = [sys.executable, "-m", "standin", provider, release]
        executable = folder / f"pulumi-resource-{provider}"
        executable.write_text(
            "#!/bin/sh\n"
            f"export PYTHONPATH={shlex.quote(str(_TESTS))}\n"
            f'exec {shlex.join(words)} "$@"\n'
        )
        executable.chmod(0o755)
