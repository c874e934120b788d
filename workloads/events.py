"""What a run tells whoever started it: one JSON object a line on the standard output."""

from __future__ import annotations

import json
import sys
from typing import Any


def tell(event: str, **facts: Any) -> None:
    """Prints one event; facts that are ``None`` are left out."""
    known = {key: value for key, value in facts.items() if value is not None}
    # In one write, so that lines of threads do not mix.
    sys.stdout.write(json.dumps({"event": event, **known}, ensure_ascii=False) + "\n")
    sys.stdout.flush()
