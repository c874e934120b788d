"""What the driver of NVIDIA's accelerators tells of those that this program may use.

Everything here is absent, never an error, where there is no such driver: a host without
accelerators is measured like any other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Load:
    """One look at the accelerators: how busy they are on average, and the fullest memory."""

    utilisation: float | None
    memory_bytes: float | None


class Accelerators:
    """The accelerators of this host that this program may use."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml

            pynvml.nvmlInit()
        except Exception:  # no package, no library, no driver: the reasons are many
            return
        self._nvml = pynvml
        every = [
            handle
            for number in range(self._ask(pynvml.nvmlDeviceGetCount) or 0)
            if (handle := self._ask(pynvml.nvmlDeviceGetHandleByIndex, number)) is not None
        ]
        uuids = [_text(self._ask(pynvml.nvmlDeviceGetUUID, handle)) for handle in every]
        self._handles = [every[number] for number in visible(uuids, os.environ)]

    def __len__(self) -> int:
        return len(self._handles)

    @property
    def name(self) -> str:
        """The driver's name of the first one, or nothing."""
        return _text(self._of_first("nvmlDeviceGetName"))

    @property
    def memory_bytes(self) -> float | None:
        """The memory of one."""
        told = self._of_first("nvmlDeviceGetMemoryInfo")
        return float(told.total) if told is not None else None

    @property
    def driver(self) -> str:
        """The version of the driver, or nothing."""
        return _text(self._ask(self._nvml.nvmlSystemGetDriverVersion)) if self._nvml else ""

    def load(self) -> Load:
        """How busy they were in the driver's last sampling period, and how full they are."""
        if not self._handles:
            return Load(None, None)
        busy = [
            told.gpu / 100
            for handle in self._handles
            if (told := self._ask(self._nvml.nvmlDeviceGetUtilizationRates, handle)) is not None
        ]
        used = [
            float(told.used)
            for handle in self._handles
            if (told := self._ask(self._nvml.nvmlDeviceGetMemoryInfo, handle)) is not None
        ]
        return Load(sum(busy) / len(busy) if busy else None, max(used, default=None))

    def _of_first(self, question: str) -> Any:
        if not self._handles:
            return None
        return self._ask(getattr(self._nvml, question), self._handles[0])

    def _ask(self, question: Callable[..., Any], *about: Any) -> Any:
        """The driver's answer, or None where this accelerator has none."""
        try:
            return question(*about)
        except self._nvml.NVMLError:
            return None


def visible(uuids: list[str], environment: Mapping[str, str]) -> list[int]:
    """Numbers of the accelerators that ``CUDA_VISIBLE_DEVICES`` lets this program see.

    As CUDA reads it (CUDA C++ Programming Guide, "CUDA Environment Variables"): numbers or
    beginnings of unique names; the first one that does not exist ends the list.
    """
    told = environment.get("CUDA_VISIBLE_DEVICES")
    if told is None:
        return list(range(len(uuids)))
    found: list[int] = []
    for word in (each.strip() for each in told.split(",")):
        if word.isdecimal() and int(word) < len(uuids):
            found.append(int(word))
            continue
        named = [number for number, uuid in enumerate(uuids) if word and uuid.startswith(word)]
        if len(named) != 1:
            break
        found.append(named[0])
    return found


def _text(told: Any) -> str:
    # Releases of the driver's package before 11.5 tell bytes.
    return told.decode() if isinstance(told, bytes) else (told or "")
