"""Keyed random draws: every draw is a function of (seed, purpose, agent, month), so regimes share their luck
(P1).

A counter-based generator (Philox 4x64, 10 rounds; Salmon et al. 2011) turns the counter (month, agent,
purpose, 0) under the key (seed, STREAM_VERSION) into four uniforms. No draw depends on how many other draws
were made: adding an agent or a feature changes nobody else's luck. ``numpy.random.Philox`` is the oracle in
the tests.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from sim.compiled import kernel

STREAM_VERSION = 1
PURPOSES = {
    "btc_price": 1,
    "fees": 2,
    "gpu_price": 3,
    "gpu_jump": 4,
    "exchange_rate": 5,
    "fuel_price": 6,
    "hydrology": 7,
    "lng_interruption": 8,
    "outage": 9,
    "demand": 10,
    "reversal": 11,
    "government": 12,
    "lender": 13,
    "fog": 14,
    "miner_identity": 20,
    "world_miner_identity": 21,
    "ai_identity": 22,
    "miner_peers": 23,
    "miner_month": 30,
    "world_miner_month": 31,
    "ai_month": 32,
}

_M0 = np.uint64(0xD2E7470EE14C6C93)
_M1 = np.uint64(0xCA5A826395121157)
_W0 = np.uint64(0x9E3779B97F4A7C15)
_W1 = np.uint64(0xBB67AE8584CAA73B)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SHIFT = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0


@register_jitable
def _high_product(a: np.uint64, b: np.uint64) -> np.uint64:
    """Upper 64 bits of the product of two 64-bit integers."""
    a_low, a_high = a & _LOW, a >> _HALF
    b_low, b_high = b & _LOW, b >> _HALF
    low = a_low * b_low
    middle = a_high * b_low + (low >> _HALF)
    carry = (middle & _LOW) + a_low * b_high
    return a_high * b_high + (middle >> _HALF) + (carry >> _HALF)


@register_jitable
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Ten rounds of Philox 4x64: four 64-bit words from a counter and a key."""
    for _ in range(10):
        high0 = _high_product(_M0, c0)
        low0 = _M0 * c0
        high1 = _high_product(_M1, c2)
        low1 = _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 = k0 + _W0
        k1 = k1 + _W1
    return c0, c1, c2, c3


@register_jitable
def draw_uniforms(out, count, seed, purpose, month, agent):  # type: ignore[no-untyped-def]
    """Fill the first ``count`` places of ``out`` with the uniforms of an agent in a month."""
    for block in range((count + 3) // 4):
        w = philox(
            np.uint64(month), np.uint64(agent), np.uint64(purpose), np.uint64(block), seed,
            np.uint64(STREAM_VERSION),
        )  # fmt: skip
        for j in range(min(4, count - block * 4)):
            out[block * 4 + j] = (np.float64(w[j] >> _SHIFT) + 0.5) * _UNIT


@kernel
def fill_uniforms(out, seed, purpose, months, agents):  # type: ignore[no-untyped-def]
    """Fill rows of ``out`` with the uniforms of (month, agent) pairs; see ``uniforms``."""
    for row in range(len(agents)):
        draw_uniforms(out[row], out.shape[1], seed, purpose, months[row], agents[row])


def uniforms(seed: int, purpose: str, months: np.ndarray, agents: np.ndarray, count: int) -> np.ndarray:
    """Draw uniforms in (0, 1): one row per (month, agent) pair, ``count`` per row.

    ``months`` and ``agents`` are integer arrays of equal length (agent 0 for the world's own series);
    ``purpose`` must be registered in ``PURPOSES`` (KeyError otherwise).
    """
    out = np.empty((len(agents), count))
    with np.errstate(over="ignore"):
        fill_uniforms(out, np.uint64(seed), PURPOSES[purpose], months, agents)
    return out


def series(seed: int, purpose: str, months: int, count: int = 1) -> np.ndarray:
    """Uniforms of a world series: shape (months, count)."""
    return uniforms(seed, purpose, np.arange(months), np.zeros(months, np.int64), count)
