"""The one base of everything that is read from a file: frozen, and no unknown key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from domain.errors import near_misses


class Frozen(BaseModel):
    """A value that is parsed once and trusted after.

    Unknown keys are refused with the nearest known ones, since a misspelt key that is
    silently dropped would change the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    known = ", ".join(sorted(cls.model_fields))
                    hint = near_misses(str(key), cls.model_fields) or f"; known here: {known}"
                    raise PydanticCustomError(
                        "unknown_key", "unknown key '{key}'{hint}", {"key": str(key), "hint": hint}
                    )
                field = cls.model_fields[key]
                if isinstance(data[key], bool) and "bool" not in str(field.annotation):
                    # YAML reads yes and no as truth values, and 1 would be one as well.
                    raise PydanticCustomError(
                        "not_a_truth_value",
                        "'{key}' is {value}, a truth value; give a figure or text in quotes",
                        {"key": str(key), "value": str(data[key]).lower()},
                    )
        return data
