"""What both of Google's clients need: a project, and failures told in one sentence."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from typing import Any

from domain.errors import InputError
from domain.stack_outputs import Access, PoolOutput


def project_of(pool: PoolOutput, access: Access) -> str:
    """The project that a pool's hosts are in.

    Raises:
        InputError: the outputs do not say.
    """
    project = pool.find.project or access.project
    if not project:
        raise InputError("does not say the project of its hosts")
    return project


def load(module: str) -> Any:
    """A module of Google's, without its warning that this Python will be too old one day.

    Raises:
        InputError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"looking for hosts needs Google's SDK, which is not installed ({error}): "
            "pip install 'windtunnel[workload]'"
        ) from None


@contextlib.contextmanager
def google_failures(what: str) -> Iterator[None]:
    """Turns what Google's libraries raise into one sentence.

    Raises:
        InputError: no answer, no credentials, or no permission.
    """
    of_calls, of_login = load("google.api_core.exceptions"), load("google.auth.exceptions")
    try:
        yield
    except of_login.GoogleAuthError as error:
        raise InputError(
            f"Google Cloud does not tell its {what}: {error} "
            "(gcloud auth application-default login)"
        ) from None
    except of_calls.GoogleAPIError as error:
        raise InputError(f"Google Cloud does not tell its {what}: {error}") from None
