"""A trained model as a SavedModel, which any TensorFlow serves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from domain.errors import InputError


def export(model: Any, folder: Path) -> None:
    """Writes the model; one that was there before is replaced when the new one is complete."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    before = folder.with_name(f".{folder.name}.{os.getpid()}.before")
    try:
        model.export(str(aside), verbose=False)
        if folder.exists():
            folder.rename(before)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


class Served:
    """An exported model, loaded again: named features in, logits out."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "saved_model.pb").is_file():
            raise InputError(
                "is no exported model: it has no saved_model.pb; give the folder that a run with "
                "export=true wrote",
                where=f"saved_model {folder}",
            )
        try:
            self._loaded = tf.saved_model.load(str(folder))
            self._signature = self._loaded.signatures["serving_default"]
        except (OSError, KeyError, tf.errors.OpError) as error:
            raise InputError(
                f"cannot be loaded: {str(error).splitlines()[0]}", where=f"saved_model {folder}"
            ) from None
        (self._output,) = self._signature.structured_outputs

    @property
    def features(self) -> dict[str, tuple[int, ...]]:
        """Shapes of one sample's features by name."""
        _, inputs = self._signature.structured_input_signature
        return {name: tuple(spec.shape[1:]) for name, spec in inputs.items()}

    def predict(self, features: dict[str, Any]) -> Any:
        """Logits of a batch, as NumPy, when the accelerator is done."""
        given = {name: tf.constant(value) for name, value in features.items()}
        return self._signature(**given)[self._output].numpy()
