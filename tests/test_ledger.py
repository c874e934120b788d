"""A project keeps what was predicted and what became of it."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InputError
from simulator.study.drift import find_drift
from simulator.study.ledger import Entry, Ledger, find_project, foretold, outcomes
from simulator.study.ledger_summary import running_median, summarise

START = datetime(2026, 11, 1, tzinfo=UTC)


def entry(number: int = 0, error: float = 1.0, **changes: object) -> Entry:
    """An outcome; ``error`` is measured over predicted, the interval is a fifth either way."""
    when = (START + timedelta(hours=number)).isoformat(timespec="microseconds")
    told: dict[str, object] = {
        "kind": "outcome",
        "recorded_at": when,
        "measured_at": when,
        "command": "launch",
        "subject": "resnet50",
        "model": "resnet50",
        "accelerator": "lab-host",
        "global_batch": 16,
        "predicted_step_seconds": 1.0,
        "lower90_step_seconds": 1 / 1.2,
        "upper90_step_seconds": 1.2,
        "measured_step_seconds": error,
        **changes,
    }
    return Entry(**told)  # type: ignore[arg-type]


def prediction(number: int, seconds: float, **changes: object) -> Entry:
    return entry(
        number,
        kind="prediction",
        measured_at="",
        measured_step_seconds=float("nan"),
        predicted_step_seconds=seconds,
        **changes,
    )


def test_what_is_appended_is_read_oldest_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.read() == ()
    assert ledger.append([]) is None
    later, sooner = entry(5), entry(1, model="mlp")
    ledger.append([later])
    ledger.append([sooner])
    assert [each.id for each in ledger.read()] == [sooner.id, later.id]
    assert not list(ledger.folder.glob(".*"))


def test_small_files_are_joined_and_nothing_is_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    written = [entry(number) for number in range(12)]
    for each in written:
        ledger.append([each])
    ledger.compact()
    assert len(list(ledger.folder.iterdir())) == 1
    ledger.append([entry(99)])
    assert [each.id for each in ledger.read()[:12]] == [each.id for each in written]
    assert len(ledger.read()) == 13


def _write_many(folder: str, writer: int) -> None:
    ledger = Ledger(Path(folder))
    for number in range(10):
        ledger.append([entry(number, model=f"m{writer}")])
        if number == 5:
            ledger.compact()


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(str(tmp_path), n)) for n in (1, 2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
        assert each.exitcode == 0
    models = [each.model for each in Ledger(tmp_path).read()]
    assert (models.count("m1"), models.count("m2")) == (10, 10)


def test_a_file_that_is_no_part_of_it_is_named_and_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append([entry()])
    (ledger.folder / "notes.parquet").write_text("not Parquet")
    with pytest.raises(InputError, match=r"notes\.parquet: is no part of a ledger"):
        ledger.read()
    assert (ledger.folder / "notes.parquet").read_text() == "not Parquet"


def test_the_project_is_the_nearest_folder_that_keeps_one(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner) is None or find_project(inner) not in (tmp_path, inner)
    (tmp_path / ".windtunnel").mkdir()
    assert find_project(inner) == tmp_path


def test_an_outcome_is_held_against_the_last_prediction_before_it() -> None:
    made = [
        prediction(1, 2.0),
        prediction(2, 3.0),
        prediction(9, 4.0),
        prediction(3, 5.0, global_batch=32),
    ]
    told = foretold(made, entry(5, 3.3, framework="tensorflow"))
    assert told.predicted_step_seconds == 3.0
    assert told.predicted_at == made[1].recorded_at
    assert told.measured_step_seconds == 3.3
    alone = entry(5, 3.3, model="mlp")
    assert foretold(made, alone) == alone


def test_records_are_of_each_machine_and_model() -> None:
    done = outcomes([entry(1, 1.25), entry(2, 1.0), entry(3, 2.0, model="mlp"), prediction(4, 1.0)])
    whole, mlp, resnet = summarise(done)
    assert (whole.model, whole.outcomes) == ("", 3)
    assert (mlp.median_error, mlp.inside, mlp.scored) == (pytest.approx(0.5), 0, 1)
    assert resnet.median_error == pytest.approx(0.1)
    assert resnet.bias == pytest.approx(-0.1)


def test_the_running_median_looks_back_only() -> None:
    import numpy as np

    found = running_median(np.array([0.1, -0.3, 0.2, 9.0]), window=3)
    assert found.tolist() == pytest.approx([0.1, 0.2, 0.2, 0.3])


def test_a_machine_that_became_slower_is_told_of() -> None:
    steady = [entry(number, 1.0 + 0.05 * (-1) ** number) for number in range(20)]
    assert find_drift(outcomes(steady)) == ()
    slower = [entry(20 + number, 1.35) for number in range(8)]
    found = {each.test: each for each in find_drift(outcomes(steady + slower))}
    assert set(found) == {"coverage", "cusum"}
    assert "slower than predicted" in found["cusum"].text
    assert found["cusum"].since == slower[0].measured_at
    assert "calibrate" in found["coverage"].text


def test_one_wild_run_is_no_drift() -> None:
    steady = [entry(number) for number in range(10)]
    assert find_drift(outcomes([*steady, entry(11, 100.0)])) == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=30), st.floats(0.1, 10.0))
def test_drift_does_not_depend_on_the_length_of_a_step(logs: list[float], scale: float) -> None:
    import math

    def found(unit: float) -> list[tuple[str, str]]:
        done = [
            entry(
                number,
                unit * math.exp(log),
                predicted_step_seconds=unit,
                lower90_step_seconds=unit / 1.5,
                upper90_step_seconds=unit * 1.5,
            )
            for number, log in enumerate(logs)
            # Away from the ends of the interval, where a last digit decides.
            if abs(abs(log) - math.log(1.5)) > 1e-9
        ]
        return [(each.test, each.since) for each in find_drift(outcomes(done))]

    assert found(1.0) == found(scale)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            entry,
            number=st.integers(0, 1000),
            error=st.floats(allow_infinity=False, allow_nan=True),
            model=st.text(max_size=20),
            global_batch=st.integers(0, 2**40),
        ),
        max_size=5,
    )
)
def test_every_entry_survives_being_written(entries: list[Entry]) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        ledger.append(entries)
        found = {each.id: repr(each) for each in ledger.read()}
    assert found == {each.id: repr(each) for each in entries}
