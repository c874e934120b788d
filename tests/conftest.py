"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public traces and measurements, or a skip where it is absent."""
    folder = Path(os.environ.get("WINDTUNNEL_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("no shared data (set WINDTUNNEL_SHARED)")
    return folder
