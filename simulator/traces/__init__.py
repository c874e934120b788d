"""Traces: readers of recorded jobs, generators of synthetic ones, and what is in them."""

from simulator.traces.describe import TraceSummary, describe
from simulator.traces.durations import (
    Deterministic,
    DurationLaw,
    Erlang,
    Exponential,
    Hyperexponential,
    Lognormal,
)
from simulator.traces.jobs_csv import read_jobs_csv
from simulator.traces.philly import read_philly
from simulator.traces.synthetic import DailyCycle, SyntheticJobs, generate
from simulator.traces.trace import Trace

__all__ = [
    "DailyCycle",
    "Deterministic",
    "DurationLaw",
    "Erlang",
    "Exponential",
    "Hyperexponential",
    "Lognormal",
    "SyntheticJobs",
    "Trace",
    "TraceSummary",
    "describe",
    "generate",
    "read_jobs_csv",
    "read_philly",
]
