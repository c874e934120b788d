"""Random streams: one generator per purpose, all from one seed.

A stream is named by what it is for ("interruptions/train", node 3), not by when it was
asked for. Two configurations that share a seed therefore see the same arrivals and the
same fate of node 3, whatever else differs between them (common random numbers), and a
replication gives the same figures on any number of workers.

Source: NumPy's ``SeedSequence`` spawning; the purpose enters the spawn key as its CRC-32.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """The random streams of one replication."""

    seed: int
    replication: int = 0

    def generator(self, purpose: str, *index: int) -> np.random.Generator:
        """A fresh generator for ``purpose``; the same purpose and index always restart it."""
        key = (self.replication, crc32(purpose.encode()), *index)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
