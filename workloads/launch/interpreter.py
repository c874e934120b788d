"""The virtual environment on a host, made once for the same requirements."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from domain.errors import RunFailed
from workloads.launch.plan import Limits
from workloads.launch.remote import Remote
from workloads.launch.worker import Worker

_DIGITS = 12
_UV_PYTHON = "3.12"
# Hosts that share a home directory wait for the one that came first. Where no Python is of the
# right age (Ubuntu 22.04 has 3.10), uv brings one of its own.
_MAKE = """
set -e
mkdir -p {parent}
exec 9> {folder}.lock
flock 9
[ -f {folder}/ready ] && exit 0
right='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
for each in {candidates}; do
  if command -v "$each" > /dev/null && "$each" -c "$right" 2> /dev/null; then found=$each; break; fi
done
if [ -n "$found" ]; then
  "$found" -m venv --clear {folder}
else
  python3 -m pip install --quiet --target {parent}/uv uv
  PYTHONPATH={parent}/uv python3 -m uv venv --clear --seed --python {uv_python} {folder}
fi
cat > {folder}/requirements.txt <<'END'
{requirements}END
if [ -s {folder}/requirements.txt ]; then
  {folder}/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off \\
    --requirement {folder}/requirements.txt
fi
touch {folder}/ready
"""
PYTHONS = ("python3.12", "python3.13", "python3.11", "python3")
"""What an environment is made with, if it is there and not too old or too new for TensorFlow."""


# Where libtpu lies, which tensorflow-tpu needs (TensorFlow documentation, "Install TensorFlow").
_TPU_WHEELS = "https://storage.googleapis.com/libtpu-tf-releases/index.html"


def requirements_text(path: Path, kind: Literal["cpu", "nvidia", "tpu"] = "cpu") -> str:
    """The requirements of a host, one a line: TensorFlow for what it has."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if kind == "nvidia":
        wanted = [line.replace("tensorflow==", "tensorflow[and-cuda]==") for line in wanted]
    if kind == "tpu":
        tpu = [line.replace("tensorflow==", "tensorflow-tpu==") for line in wanted]
        wanted = [f"--find-links {_TPU_WHEELS}", *tpu]
    return "".join(f"{line}\n" for line in wanted)


async def _kind(remote: Remote) -> Literal["cpu", "nvidia", "tpu"]:
    if remote.host.slice is not None:
        return "tpu"
    told = await remote.run("command -v nvidia-smi > /dev/null && echo nvidia || true")
    return "nvidia" if "nvidia" in told.split() else "cpu"


async def make_environment(
    remote: Remote, requirements: Path, limits: Limits, pythons: Sequence[str] = PYTHONS
) -> None:
    """Makes a host's virtual environment, unless it has one; ``remote`` uses it from then on.

    It is made under a supervisor: what a lost launcher began does not go on alone.

    Raises:
        RunFailed: a package cannot be had, the disk is full, the connection broke.
    """
    text = requirements_text(requirements, await _kind(remote))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:_DIGITS]
    folder = f"{remote.base}/environments/{digest}"
    script = _MAKE.format(
        folder=shlex.quote(folder),
        parent=shlex.quote(f"{remote.base}/environments"),
        requirements=text,
        candidates=shlex.join(pythons),
        uv_python=_UV_PYTHON,
    )
    worker = await Worker.start(remote, ["sh", "-c", script], {}, limits)
    try:
        ended = await worker.wait()
    finally:
        await worker.stop()
    if ended.code is None:
        raise remote.lost()
    if ended.code != 0:
        raise RunFailed(
            f"its virtual environment cannot be made: {ended.reason}", where=remote.host.label
        )
    remote.python = f"{folder}/bin/python"
