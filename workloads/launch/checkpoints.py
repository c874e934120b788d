"""Before a restart every worker gets the newest checkpoint of the chief.

Folders of workers are not shared, and workers that resumed from different steps would wait for
each other for ever.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workloads.launch.remote import Remote

# TensorFlow names the newest checkpoint in a file of this name (tf.train.CheckpointState).
_STATE = "checkpoint"
_NEWEST = re.compile(r'^model_checkpoint_path: "(.*)"', re.MULTILINE)


def newest_checkpoint(state: str) -> str | None:
    """The prefix of the newest checkpoint's files, by what TensorFlow's state file says."""
    found = _NEWEST.search(state)
    return found[1].rpartition("/")[2] if found else None


async def share_newest(chief: Remote, others: Sequence[Remote]) -> str | None:
    """Copies the chief's newest checkpoint to the others, in the place of what they have.

    Returns:
        Its name, or None where the chief has none: then nobody has one afterwards.

    Raises:
        RunFailed: a host was lost, its disk is full, or ours is.
    """
    with tempfile.TemporaryDirectory(prefix="windtunnel-") as folder:
        name = await _fetch(chief, Path(folder))
        files = sorted(path for path in Path(folder).iterdir() if path.name != _STATE)
        await asyncio.gather(*(_replace(each, Path(folder), files, name) for each in others))
        return name


async def _fetch(chief: Remote, folder: Path) -> str | None:
    there = f"{chief.run_folder}/checkpoints"
    async with chief.files() as client:
        if not await client.exists(f"{there}/{_STATE}"):
            return None
        async with client.open(f"{there}/{_STATE}", "r") as file:
            name = newest_checkpoint(await file.read())
        if name is None:
            return None
        # TensorFlow renames the state file last, so that what it names is whole.
        for entry in await client.listdir(there):
            if entry.startswith(f"{name}."):
                await client.get(f"{there}/{entry}", folder / entry)
    return name


async def _replace(other: Remote, folder: Path, files: Sequence[Path], name: str | None) -> None:
    there = f"{other.run_folder}/checkpoints"
    async with other.files() as client:
        await client.rmtree(there, ignore_errors=True)
        await client.makedirs(there, exist_ok=True)
        if name is None:
            return
        for path in files:
            await client.put(path, f"{there}/{path.name}")
        async with client.open(f"{there}/{_STATE}", "w") as file:
            await file.write(
                f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'
            )
