"""B14 Queues (interconnection desk).

Source: Erlang C, Pollaczek-Khinchine and Erlang-A: `p_n ~ prod lambda/(min(n,c) mu + max(n-c,0) theta)`,
abandoned share `theta L_q/lambda`, overload limit of completion `c mu / lambda`.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.queues import (
    abandonment_probability,
    attrition_this_month,
    connections_this_month,
    waiting_projects,
)
from tests.theory.oracles import mmc, pollaczek_khinchine

DESKS, SERVICE, PATIENCE = 3, 0.5, 0.1
TABLE = [(2.0, 0.72599, 5.4801, 2.740), (5.0, 0.30000, 35.0, 7.0), (10.0, 0.15000, 85.0, 8.5)]


def stationary_queue(arrival: float, states: int = 600) -> np.ndarray:
    """Stationary distribution of the number of projects, from the outflow that the desk rules give."""
    log_weights = np.zeros(states)
    for n in range(1, states):
        outflow = connections_this_month(n, DESKS, SERVICE) + attrition_this_month(n, DESKS, PATIENCE)
        log_weights[n] = log_weights[n - 1] + math.log(arrival / outflow)
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize(("arrival", "completed", "waiting", "months"), TABLE)
def test_closed_form(arrival: float, completed: float, waiting: float, months: float) -> None:
    shares = stationary_queue(arrival)
    queue = sum(share * waiting_projects(n, DESKS) for n, share in enumerate(shares))
    served = sum(share * connections_this_month(n, DESKS, SERVICE) for n, share in enumerate(shares))
    assert served / arrival == pytest.approx(completed, abs=1e-5)
    assert 1.0 - PATIENCE * queue / arrival == pytest.approx(completed, abs=1e-5)
    assert queue == pytest.approx(waiting, abs=5e-5)
    assert queue / arrival == pytest.approx(months, abs=5e-4)


@pytest.mark.parametrize("arrival", [5.0, 10.0])
def test_overload_limit(arrival: float) -> None:
    shares = stationary_queue(arrival)
    served = sum(share * connections_this_month(n, DESKS, SERVICE) for n, share in enumerate(shares))
    assert served / arrival == pytest.approx(DESKS * SERVICE / arrival, abs=1e-5)


@pytest.mark.parametrize(("arrival", "completed", "waiting"), [row[:3] for row in TABLE])
def test_simulated_desk(arrival: float, completed: float, waiting: float) -> None:
    """Poisson applications, event by event; Little's law holds between the queue and the measured waits."""
    generator = np.random.default_rng(1414)
    uniforms = generator.random(240_000)
    gaps = generator.exponential(size=uniforms.size)
    n, clock, queue_time, served, left = 0, 0.0, 0.0, 0, 0
    applications = 0
    for gap, u in zip(gaps.tolist(), uniforms.tolist(), strict=True):
        connect = connections_this_month(n, DESKS, SERVICE)
        withdraw = attrition_this_month(n, DESKS, PATIENCE)
        total = arrival + connect + withdraw
        clock += gap / total
        queue_time += gap / total * waiting_projects(n, DESKS)
        if u * total < arrival:
            applications += 1
            n += 1
        elif u * total < arrival + connect:
            served += 1
            n -= 1
        else:
            left += 1
            n -= 1
    assert served / applications == pytest.approx(completed, abs=1e-2)
    assert queue_time / clock == pytest.approx(waiting, rel=3e-2)
    assert left / clock == pytest.approx(PATIENCE * queue_time / clock, rel=2e-2)


def test_mean_wait_by_little() -> None:
    """Waits followed project by project: the first in the queue moves up, patience is exponential."""
    arrival = 2.0
    generator = np.random.default_rng(14)
    arrivals = np.cumsum(generator.exponential(1.0 / arrival, 120_000))
    patience = generator.exponential(1.0 / PATIENCE, arrivals.size)
    study = generator.exponential(1.0 / SERVICE, arrivals.size)
    free_at = [0.0] * DESKS
    waits, served = np.empty(arrivals.size), 0
    for k in range(arrivals.size):
        desk = min(range(DESKS), key=free_at.__getitem__)
        delay = max(0.0, free_at[desk] - arrivals[k])
        waits[k] = min(delay, patience[k])
        if delay <= patience[k]:
            free_at[desk] = arrivals[k] + delay + study[k]
            served += 1
    assert served / arrivals.size == pytest.approx(0.72599, abs=1e-2)
    assert waits.mean() == pytest.approx(2.740, rel=3e-2)


def test_erlang_c_and_single_server() -> None:
    waits, mean_wait, number = mmc(2.0, 1.0, 3)
    assert waits == pytest.approx(0.444444, abs=1e-5)
    assert mean_wait == pytest.approx(0.444444, abs=1e-5)
    assert number == pytest.approx(2.888889, abs=1e-5)
    assert pollaczek_khinchine(0.8, 0.0) == pytest.approx(2.0, abs=1e-9)
    assert pollaczek_khinchine(0.8, 1.0) == pytest.approx(4.0, abs=1e-9)


def test_desk_without_attrition_is_erlang_c() -> None:
    """The service rule of the desk reproduces the M/M/3 numbers when nobody gives up."""
    weights = [1.0]
    for n in range(1, 400):
        weights.append(weights[-1] * 2.0 / connections_this_month(n, 3, 1.0))
    shares = np.array(weights) / sum(weights)
    assert shares[3:].sum() == pytest.approx(mmc(2.0, 1.0, 3)[0], abs=1e-9)
    assert (shares * np.arange(400)).sum() == pytest.approx(mmc(2.0, 1.0, 3)[2], abs=1e-9)


def test_monthly_attrition_compounds_to_the_hazard() -> None:
    stay = 1.0 - abandonment_probability(PATIENCE)
    assert stay**24 == pytest.approx(math.exp(-24 * PATIENCE), rel=1e-12)
    assert abandonment_probability(0.0) == 0.0
    assert connections_this_month(2.0, 5.0, 3.0) == 2.0
