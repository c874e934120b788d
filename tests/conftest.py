"""Fixtures that every test may use, and the rule that a skip needs a known reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from training_scenario import TRAINING, Command

ROOT = Path(__file__).resolve().parent.parent

ALLOWED_SKIPS = (
    "no shared data",
    "no Pulumi CLI",
    "not root",
    "no network namespaces",
    "no OpenSSH",
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public traces and measurements, or a skip where it is absent."""
    folder = Path(os.environ.get("WINDTUNNEL_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("no shared data (set WINDTUNNEL_SHARED)")
    return folder


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(TRAINING)
    return path


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["windtunnel", *map(str, words)])
        from windtunnel.__main__ import run

        code = run()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[None]:
    unexpected = _unexpected_skips(terminalreporter)
    yield
    for report, reason in unexpected:
        terminalreporter.write_line(f"UNEXPECTED SKIP {report.nodeid}: {reason}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that is skipped for a reason that nobody agreed on is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _unexpected_skips(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unexpected_skips(
    reporter: pytest.TerminalReporter,
) -> list[tuple[pytest.TestReport, str]]:
    skips = [(report, _reason(report)) for report in reporter.stats.get("skipped", [])]
    return [(report, why) for report, why in skips if not why.startswith(ALLOWED_SKIPS)]
