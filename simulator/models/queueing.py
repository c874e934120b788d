"""Closed forms of queues: Poisson arrivals at ``arrivals_per_second``, FCFS, steady state.

``service_seconds`` is the mean service time, ``servers`` their number; arguments may be
floats or arrays (``servers`` a whole number). Where the load is 1 or more there is no steady
state, and the waits are infinite.

Sources: L. Kleinrock, "Queueing Systems", vol. 1 (1975), for M/M/1, M/M/c, M/M/1/K and the
Pollaczek-Khinchine formula; the Erlang B recursion as in R. Cooper, "Introduction to Queueing
Theory" (1981). Where they are wrong: arrivals that come in bursts wait longer, gangs of
several servers block each other, and retries feed back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64] | float


def offered_load(arrivals_per_second: Values, service_seconds: Values, servers: int = 1) -> Values:
    """ρ = λ·E[S]/c: the share of time that a server is busy when nothing is lost."""
    return arrivals_per_second * service_seconds / servers


def erlang_b(offered_erlangs: Values, servers: int) -> Values:
    """Blocking probability of M/G/c/c, by B(k) = a·B(k-1) / (k + a·B(k-1)), B(0) = 1."""
    blocking: Values = np.ones_like(offered_erlangs, dtype=np.float64)
    for count in range(1, servers + 1):
        blocking = offered_erlangs * blocking / (count + offered_erlangs * blocking)
    return blocking


def erlang_c(offered_erlangs: Values, servers: int) -> Values:
    """Probability that an arrival of M/M/c waits: C = B / (1 - ρ·(1 - B)); 1 from ρ = 1 on."""
    load = np.asarray(offered_erlangs) / servers
    blocking = erlang_b(offered_erlangs, servers)
    return np.where(load < 1, blocking / (1 - np.minimum(load, 1) * (1 - blocking)), 1.0)


def mmc_wait_seconds(
    arrivals_per_second: Values, service_seconds: Values, servers: int = 1
) -> Values:
    """Mean wait in the queue of M/M/c: Wq = C / (c·μ - λ)."""
    waits = erlang_c(np.multiply(arrivals_per_second, service_seconds), servers)
    spare = servers / np.asarray(service_seconds) - arrivals_per_second
    return _where_stable(spare, waits)


def mmc_wait_quantile_seconds(
    quantile: float, arrivals_per_second: Values, service_seconds: Values, servers: int = 1
) -> Values:
    """Quantile of the wait of M/M/c: P(Wq > t) = C·e^{-(cμ-λ)t}; 0 for those who do not wait."""
    waits = erlang_c(np.multiply(arrivals_per_second, service_seconds), servers)
    spare = servers / np.asarray(service_seconds) - arrivals_per_second
    return _where_stable(spare, np.log(np.maximum(waits / (1 - quantile), 1.0)))


def mm1_sojourn_quantile_seconds(
    quantile: float, arrivals_per_second: Values, service_seconds: Values
) -> Values:
    """Quantile of wait + service of M/M/1, which is exponential at rate μ - λ."""
    spare = 1 / np.asarray(service_seconds) - arrivals_per_second
    return _where_stable(spare, -np.log(1 - quantile))


def mg1_wait_seconds(
    arrivals_per_second: Values, service_seconds: Values, service_cv2: Values
) -> Values:
    """Mean wait of M/G/1 (Pollaczek-Khinchine): Wq = ρ/(1-ρ)·(1+cv²)/2·E[S]."""
    load = np.multiply(arrivals_per_second, service_seconds)
    return _where_stable(1 - load, load * (1 + np.asarray(service_cv2)) / 2 * service_seconds)


def mm1k_loss(arrivals_per_second: Values, service_seconds: Values, places: int) -> Values:
    """Share of arrivals that M/M/1/K loses, with K places including the one in service.

    P(K) = ρ^K / (1 + ρ + … + ρ^K).
    """
    load = np.multiply(arrivals_per_second, service_seconds)[..., None]
    weights = load ** np.arange(places + 1)
    return np.asarray(weights[..., -1] / weights.sum(axis=-1))


def mm1k_sojourn_seconds(
    arrivals_per_second: Values, service_seconds: Values, places: int
) -> Values:
    """Mean wait + service of those that M/M/1/K admits, by Little's law."""
    load = np.multiply(arrivals_per_second, service_seconds)[..., None]
    weights = load ** np.arange(places + 1)
    jobs = (weights * np.arange(places + 1)).sum(axis=-1) / weights.sum(axis=-1)
    admitted = arrivals_per_second * (1 - mm1k_loss(arrivals_per_second, service_seconds, places))
    return np.asarray(jobs / admitted)


def _where_stable(spare: Values, numerator: Values) -> Values:
    stable = np.asarray(spare) > 0
    return np.where(stable, np.divide(numerator, np.where(stable, spare, 1.0)), np.inf)
