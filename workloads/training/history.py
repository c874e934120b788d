"""The losses and scores of a run by its steps, and when to stop early."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class History:
    """What is drawn as curves, and kept with a checkpoint."""

    training: list[dict[str, float]] = field(default_factory=list)
    """``step``, ``loss``: the mean since the point before, and ``learning_rate``."""
    validation: list[dict[str, float]] = field(default_factory=list)
    """``step``, ``loss`` and the scores of the task."""
    first_loss: float | None = None
    last_loss: float | None = None
    best_loss: float | None = None
    worse_since_best: int = 0

    def note_loss(self, loss: float) -> None:
        """One step's loss."""
        if self.first_loss is None:
            self.first_loss = loss
        self.last_loss = loss

    def note_validation(self, step: int, loss: float, scores: dict[str, float]) -> None:
        """One evaluation."""
        self.validation.append({"step": step, "loss": loss, **scores})
        if self.best_loss is None or loss < self.best_loss:
            self.best_loss, self.worse_since_best = loss, 0
        else:
            self.worse_since_best += 1

    def should_stop(self, patience: int | None) -> bool:
        """Whether so many evaluations brought no lower loss."""
        return patience is not None and self.worse_since_best >= patience

    def notes(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_notes(cls, notes: dict[str, Any]) -> History:
        """From what ``notes`` gave."""
        return cls(**notes)
