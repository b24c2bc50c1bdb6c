"""Independent numerical solutions that the theory tests compare the rules with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.optimize import fsolve
from scipy.special import erfc

from agents.rules.real_options import activation_gain, activation_gain_slope

GRID_POINTS = 3001
GRID_LEFT = -14.0


@lru_cache(maxsize=16)
def w_disc(r: float, alpha: float, a: float, sigma: float, dt: float, points: int = GRID_POINTS) -> float:
    """Value of a hash unit at the barrier per unit of yearly revenue, with entry every dt years (B6b).

    Solves `w(x) = e^x dt + e^{-(r+a)dt} E w(min(x',0))` on a grid over [-14, 0], x the log of revenue over
    barrier. w is interpolated linearly, for which the normal expectation is exact; the mass that falls below
    the grid is put on its left end, where w is nearly 0.
    """
    x = np.linspace(GRID_LEFT, 0.0, points)
    step = x[1] - x[0]
    drift = (alpha + a - 0.5 * sigma**2) * dt
    spread = sigma * math.sqrt(dt)
    discount = math.exp(-(r + a) * dt)
    # E max(node - x', 0) by the distance of the node from the mean; second differences are hat weights.
    offsets = (np.arange(-points, points + 1) * step - drift) / spread
    upper = 0.5 * erfc(-offsets / math.sqrt(2.0))
    density = np.exp(-0.5 * offsets**2) / math.sqrt(2.0 * math.pi)
    put = spread * (offsets * upper + density)
    hat = (put[2:] - 2.0 * put[1:-1] + put[:-2]) / step
    centre = points - 1
    rows = np.arange(points)
    weights = hat[centre + rows[None, :] - rows[:, None]]
    # Ends: the mass above 0 is reflected to 0, the mass below the grid goes to its left end.
    weights[:, -1] = 0.0
    weights[:, 0] = 0.0
    interior = weights[:, 1:-1]
    last_slope = (put[centre + 1 + (points - 1 - rows)] - put[centre + (points - 2 - rows) + 1]) / step
    weights[:, -1] = 1.0 - last_slope
    weights[:, 0] = 1.0 - interior.sum(axis=1) - weights[:, -1]
    values = np.linalg.solve(np.eye(points) - discount * weights, np.exp(x) * dt)
    return float(values[-1])


def dixit_thresholds(
    rho: float, mu: float, sigma: float, unit_cost: float, entry_cost: float, exit_cost: float
) -> tuple[float, float]:
    """Exit and entry price of Dixit 1989: value matching and smooth pasting at both, four equations (B7).

    Solved for growing sunk cost (entry plus exit), each time from the solution before: from afar the
    equations do not converge.
    """

    def residuals(unknown: np.ndarray, entry_cost: float) -> list[float]:
        log_low, log_high, a_idle, a_active = (float(value) for value in unknown)
        low, high = math.exp(log_low), math.exp(log_high)
        return [
            activation_gain(high, a_idle, a_active, rho, mu, sigma, unit_cost) - entry_cost,
            activation_gain(low, a_idle, a_active, rho, mu, sigma, unit_cost) + exit_cost,
            activation_gain_slope(high, a_idle, a_active, rho, mu, sigma),
            activation_gain_slope(low, a_idle, a_active, rho, mu, sigma),
        ]

    solution = np.array([math.log(0.8 * unit_cost), math.log(1.4 * unit_cost), 10.0, 10.0])
    sunk = entry_cost + exit_cost
    for cost in np.append(np.arange(0.5 * unit_cost, sunk, 0.1 * unit_cost), sunk) - exit_cost:
        solution, *_ = fsolve(residuals, solution, args=(cost,), xtol=1e-13, full_output=True)
    if max(abs(value) for value in residuals(solution, entry_cost)) > 1e-9:
        raise RuntimeError("Dixit thresholds did not converge")
    return math.exp(solution[0]), math.exp(solution[1])


def epoch_by_blocks(hash_at: Callable[[float], float], difficulty: float, blocks: int = 2016) -> list[float]:
    """Block times in seconds of one epoch, by stepping through time block by block.

    Hash rate in hashes per second as a function of time, difficulty in hashes per block. Each block is found
    when the work done, by the mid-point rule with one correction, equals the difficulty.
    """
    now = 0.0
    times = []
    for _ in range(blocks):
        wait = difficulty / hash_at(now)
        wait = difficulty / hash_at(now + 0.5 * wait)
        now += difficulty / hash_at(now + 0.5 * wait)
        times.append(now)
    return times


def mmc(arrival: float, service: float, servers: int) -> tuple[float, float, float]:
    """Probability of waiting, mean wait and mean number in the system of an M/M/c queue (Erlang C)."""
    load = arrival / service
    idle_sum = sum(load**n / math.factorial(n) for n in range(servers))
    tail = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = tail / (idle_sum + tail)
    mean_wait = waits / (servers * service - arrival)
    return waits, mean_wait, arrival * mean_wait + load


def pollaczek_khinchine(rho: float, service_cv2: float) -> float:
    """Mean wait in service times at a single server; service_cv2 is the squared variation of service."""
    return 0.5 * (1.0 + service_cv2) * rho / (1.0 - rho)


def gini(values: np.ndarray) -> float:
    """Gini coefficient from the mean absolute difference over all pairs."""
    differences = np.abs(values[:, None] - values[None, :])
    return float(differences.mean() / (2.0 * values.mean()))


def stable_amplitude(step: Callable[[float, float], tuple[float, float]], burn_in: int) -> float:
    """Largest absolute price of a two-dimensional map after a burn-in, over the next 64 steps."""
    p, m = 0.3, 0.0
    for _ in range(burn_in):
        p, m = step(p, m)
    largest = 0.0
    for _ in range(64):
        p, m = step(p, m)
        largest = max(largest, abs(p))
    return largest
