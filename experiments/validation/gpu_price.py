"""The price of a GPU hour fitted to its anchors up to 2025, and what the fit says about 2026 (Eq. M13).

Log price = level + drift t + gap; the gap reverts to zero (Ornstein-Uhlenbeck) from a scarcity at the first
anchor. Three anchors cannot tell five numbers apart, so drift, reversion, volatility and the first gap carry
priors (the published or judged ranges of the registry) and the fit is the mode of the posterior. Jumps stay
at their prior: one scarcity in the window is the first gap itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from sim.drivers import observed
from sim.regimes import months_between

FloatArray = npt.NDArray[np.float64]
# Prior mean and standard deviation: drift per year; log reversion and log volatility; first gap in log price.
PRIORS = {
    "drift": (-0.25, 0.07),
    "reversion": (0.0, 0.4),
    "volatility": (math.log(0.35), 0.2),
    "gap": (0.5, 0.5),
}
# Indices of the same month differ by more than a dollar: standard error of an anchor in log price.
ANCHOR_ERROR = 0.15


@dataclass(frozen=True)
class Fit:
    """Mode of the posterior: rates per year, gaps in log price."""

    drift: float
    reversion: float
    volatility: float
    first_gap: float
    last_gap: float


def anchors() -> tuple[FloatArray, FloatArray]:
    """Years since the first anchor and log prices."""
    known = observed("gpu_price_monthly.csv", "usd_per_gpu_hour")
    months = sorted(known)
    years = np.array([months_between(months[0], month) / 12.0 for month in months])
    return years, np.log([known[month] for month in months])


def covariance(years: FloatArray, reversion: float, volatility: float) -> FloatArray:
    """Covariance of the gap at the anchors, given the first gap."""
    apart = np.abs(years[:, None] - years[None, :])
    since = years[:, None] + years[None, :]
    return np.asarray(
        volatility**2 / (2.0 * reversion) * (np.exp(-reversion * apart) - np.exp(-reversion * since))
    )


def residual(
    theta: FloatArray, years: FloatArray, prices: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Log price less drift and expected gap, its covariance with anchor error, and the best level."""
    drift, reversion, volatility, gap = theta[0], math.exp(theta[1]), math.exp(theta[2]), theta[3]
    spread = covariance(years, reversion, volatility) + ANCHOR_ERROR**2 * np.eye(len(years))
    inverse = np.linalg.inv(spread)
    left = prices - drift * years - gap * np.exp(-reversion * years)
    level = float(inverse.sum(axis=0) @ left / inverse.sum())
    return left - level, spread, level


def minus_log_posterior(theta: FloatArray, years: FloatArray, prices: FloatArray) -> float:
    """Minus the log of likelihood times priors, up to a constant."""
    left, spread, _ = residual(theta, years, prices)
    fit = 0.5 * left @ np.linalg.solve(spread, left) + 0.5 * np.linalg.slogdet(spread)[1]
    prior = sum(0.5 * ((x - m) / s) ** 2 for x, (m, s) in zip(theta, PRIORS.values(), strict=True))
    return float(fit + prior)


def fit_gpu_price() -> Fit:
    """Fit drift, reversion, volatility and the gap at the first and last anchor."""
    years, prices = anchors()
    start = np.array([mean for mean, _ in PRIORS.values()])
    theta = minimize(minus_log_posterior, start, args=(years, prices), method="Nelder-Mead", tol=1e-10).x
    left, spread, _ = residual(theta, years, prices)
    reversion, volatility = math.exp(theta[1]), math.exp(theta[2])
    # Expected gap at the last anchor given all of them
    process = covariance(years, reversion, volatility)
    surprise = process[-1] @ np.linalg.solve(spread, left)
    last = theta[3] * math.exp(-reversion * years[-1]) + float(surprise)
    return Fit(float(theta[0]), reversion, volatility, float(theta[3]), last)
