"""A copy of our Pulumi project that a real CLI may write into, with a state of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from standin.plugins import install

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_SECONDS = 300


@dataclass(frozen=True)
class Project:
    """The project's files, a ``file://`` backend and a Pulumi home with the stand-ins."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def copy(cls, place: Path) -> Project:
        """Copy what ``pulumi up`` runs: project file, stacks' files, program and policies."""
        folder, home, state = (place / name for name in ("project", "home", "state"))
        ignored = shutil.ignore_patterns("__pycache__")
        for room in ("domain", "policies", "stacks"):
            shutil.copytree(ROOT / room, folder / room, ignore=ignored)
        for file in ROOT.glob("Pulumi*.yaml"):
            shutil.copy(file, folder)
        # The language host takes its Python from here, as Pulumi.yaml says.
        (folder / ".venv").symlink_to(sys.prefix)
        state.mkdir()
        install(home)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        settings = {
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONPATH": str(folder),  # the copy, not the installed packages
            "XDG_CACHE_HOME": str(place / "cache"),
        }
        return cls(folder, {**kept, **settings})

    def with_passphrase(self, passphrase: str | None) -> Project:
        """The same for somebody who has another passphrase, or none."""
        key = "PULUMI_CONFIG_PASSPHRASE"
        others = {name: value for name, value in self.environment.items() if name != key}
        return replace(self, environment=others | ({key: passphrase} if passphrase else {}))

    def pulumi(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self._run("pulumi", *words, "--non-interactive", "--color", "never")

    def windtunnel(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self._run(sys.executable, "-m", "windtunnel", *words)

    def _run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
        )
