"""Trace files: what they mean, and what is said about a line that is wrong."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from domain.errors import TraceError
from simulator.traces import read_jobs_csv, read_philly

PHILLY = """timestamp,duration,num_gpus,gpu_time,cluster
2017-10-02 00:00:10,60.0,1,60.0,b
2017-09-30 23:59:59,60.0,1,60.0,a
2017-10-01 00:00:45,30.0,8,240.0,0e4a51
2017-10-01 00:00:45,5.0,2,10.0,a
2017-10-03 00:00:00,5.0,2,10.0,a
2017-10-02 23:59:59,7.0,0,0.0,a
2017-10-02 23:59:59,7.0,16,112.0,a
"""


def written(folder: Path, text: str, name: str = "jobs.csv") -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["philly.csv", "philly.csv.gz"])
def test_philly_keeps_the_days_of_the_window_and_the_clusters_that_are_pools(
    tmp_path: Path, name: str
) -> None:
    trace = read_philly(
        written(tmp_path, PHILLY, name),
        ["vc-a", "vc-0e4a51"],
        (date(2017, 10, 1), date(2017, 10, 2)),
    )
    assert trace.job_id.tolist() == [2, 3, 6]
    assert trace.pool.tolist() == [1, 0, 0]
    assert trace.accelerators.tolist() == [8, 2, 16]
    assert trace.submit_seconds.tolist() == [0.0, 0.0, 172_799 - 45.0]
    assert trace.duration_seconds.tolist() == [30.0, 5.0, 7.0]
    assert trace.origin == datetime(2017, 10, 1, 0, 0, 45)


def test_philly_without_a_window_keeps_every_day(tmp_path: Path) -> None:
    trace = read_philly(written(tmp_path, PHILLY), ["vc-a"])
    assert trace.job_id.tolist() == [1, 3, 4, 6]


def test_philly_says_which_clusters_there_are(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="trace has jobs of vc-0e4a51, vc-a, vc-b"):
        read_philly(written(tmp_path, PHILLY), ["train"])


def test_philly_says_when_the_window_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="runs from 2017-09-30 to 2017-10-03"):
        read_philly(written(tmp_path, PHILLY), ["vc-a"], (date(2018, 1, 1), date(2018, 1, 2)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2017-10-02 00:00:10,abc,1,60.0,a", "duration 'abc' is not a number of seconds"),
        ("2017-10-02 00:00:10,-1,1,60.0,a", "duration '-1' is not a number of seconds, at least 0"),
        ("2017-10-02 00:00:10,nan,1,60.0,a", "duration 'nan'"),
        ("2017-10-02 00:00:10,1_0,1,60.0,a", "duration '1_0'"),
        ("2017-13-02 00:00:10,6,1,60.0,a", "timestamp '2017-13-02 00:00:10' is not a time like"),
        ("2017-10-02 00:00:10,6,1.5,60.0,a", "num_gpus '1.5' is not a whole number"),
        ("2017-10-02 00:00:10,6,,60.0,a", "num_gpus '' is not a whole number"),
        ("2017-10-02 00:00:10,6,1,60.0,", "cluster '' is not a name"),
        ("2017-10-02 00:00:10,6,1", "3 cells, but the first line names 5 columns"),
        ("2017-10-02 00:00:10,6,1,60,a,x", "6 cells, but the first line names 5 columns"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, PHILLY + "\n" + line + "\n")
    with pytest.raises(TraceError) as raised:
        read_philly(path, ["vc-a"])
    assert raised.value.where == f"{path}:10"
    assert said in raised.value.message


def test_lines_that_are_all_too_long_are_not_shifted(tmp_path: Path) -> None:
    path = written(tmp_path, "submit_seconds,duration_seconds,accelerators\n0,1,1,9\n2,1,1,9\n")
    with pytest.raises(TraceError, match="4 cells, but the first line names 3 columns"):
        read_jobs_csv(path, ["train"])


def test_a_file_that_is_not_there_or_broken_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read: No such file"):
        read_philly(tmp_path / "none.csv", ["vc-a"])
    cut = written(tmp_path, PHILLY * 50, "cut.csv.gz")
    cut.write_bytes(cut.read_bytes()[:-40])
    with pytest.raises(TraceError, match="cannot be read"):
        read_philly(cut, ["vc-a"])
    plain = tmp_path / "plain.csv.gz"
    plain.write_text(PHILLY)
    with pytest.raises(TraceError, match="cannot be read"):
        read_philly(plain, ["vc-a"])
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(TraceError, match="the file is empty"):
        read_philly(tmp_path / "empty.csv", ["vc-a"])


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "timestamp,durations,num_gpus,cluster\n")
    with pytest.raises(TraceError, match=r"no column 'duration' .* did you mean 'durations'"):
        read_philly(path, ["vc-a"])


def test_plain_jobs_need_no_pool_where_there_is_one(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "accelerators,submit_seconds,duration_seconds,user\n1,0.5,10,x\n8,0,2.5,y\n",
    )
    trace = read_jobs_csv(path, ["train"])
    assert trace.submit_seconds.tolist() == [0.5, 0.0]
    assert trace.accelerators.tolist() == [1, 8]
    assert trace.pool.tolist() == [0, 0]
    with pytest.raises(TraceError, match="no column 'pool', but there are 2 pools"):
        read_jobs_csv(path, ["train", "dev"])


def test_plain_jobs_name_their_pool(tmp_path: Path) -> None:
    text = "submit_seconds,duration_seconds,accelerators,pool\n0,1,1,dev\n\n0,1,1,tran\n"
    path = written(tmp_path, text)
    with pytest.raises(TraceError) as raised:
        read_jobs_csv(path, ["train", "dev"])
    assert raised.value.where == f"{path}:4"
    assert "did you mean 'train'" in raised.value.message
    assert np.all(read_jobs_csv(path, ["tran", "dev"]).pool == [1, 0])


def test_a_job_without_an_accelerator_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "submit_seconds,duration_seconds,accelerators\n0,1,0\n")
    with pytest.raises(TraceError, match="accelerators '0' is not a whole number, at least 1"):
        read_jobs_csv(path, ["train"])
