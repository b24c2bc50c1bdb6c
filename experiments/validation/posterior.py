"""Inference from the stored runs of a simulator: history matching, posterior, recovery, a second estimator.

The record is taken as a run of the model at unknown parameters plus a Gaussian error of known covariance
(discrepancy and observation). History matching (McCulloch et al. 2022, JASSS 25(2) 1) discards draws that are
further off than that error and the spread over seeds can explain. Weights of the rest are the density of the
error: approximate Bayesian computation with that kernel is exact for this model of the error (Wilkinson 2013,
Stat. Appl. Genet. Mol. Biol. 12(2)), and each draw's own seed integrates over seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

FloatArray = npt.NDArray[np.float64]
Emulator = Callable[[FloatArray], FloatArray]
CUTOFF = 3.0
INTERVAL = (0.05, 0.95)
# Networks: hidden units, share of the rows not trained on; how many of those give the interval of the second
# estimator
HIDDEN, HELD_OUT, NEAREST = (64, 64), 0.25, 500


class ImplausibleError(ValueError):
    """No stored run is near enough to a record."""


@dataclass(frozen=True)
class Bank:
    """Stored runs: parameters (draws, parameters), facts (draws, facts), variance of each fact over seeds."""

    draws: FloatArray
    simulated: FloatArray
    seed_variance: FloatArray

    def variance(self, covariance: FloatArray, runs: int = 1) -> FloatArray:
        """Variance of a mean over ``runs`` seeds less the record, which is one more run, by fact."""
        return np.diag(covariance) + self.seed_variance * (1.0 + 1.0 / runs)


@dataclass(frozen=True)
class Sample:
    """Weighted draws; weights sum to one."""

    draws: FloatArray
    weights: FloatArray

    @property
    def effective(self) -> float:
        """Effective number of draws (Kish)."""
        return float(1.0 / np.square(self.weights).sum())

    def mean(self) -> FloatArray:
        """Mean by parameter."""
        return self.weights @ self.draws

    def quantiles(self, shares: Sequence[float]) -> FloatArray:
        """Weighted quantiles, (shares, parameters)."""
        found = []
        for column in self.draws.T:
            order = np.argsort(column)
            reached = np.cumsum(self.weights[order]) - self.weights[order] / 2.0
            found.append(np.interp(shares, reached, column[order]))
        return np.array(found).T

    def below(self, values: FloatArray) -> FloatArray:
        """Posterior probability of a smaller value, by parameter."""
        return self.weights @ (self.draws < values)

    def resampled(self, count: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        """Places of ``count`` draws taken in proportion to their weights (systematic resampling)."""
        points = (generator.random() + np.arange(count)) / count
        return np.minimum(np.searchsorted(np.cumsum(self.weights), points), len(self.weights) - 1)


def implausibility(
    simulated: FloatArray, observed: FloatArray, variance: FloatArray, rank: int = 1
) -> FloatArray:
    """Distance of the facts from the record in standard deviations, the ``rank``-th largest of each draw.

    ``simulated`` (draws, facts); ``variance`` (facts) of discrepancy, record, seeds and, where facts are
    emulated, emulator. Infinite where a fact is not finite.
    """
    distance = np.abs(simulated - observed) / np.sqrt(variance)
    distance = np.where(np.isfinite(distance), distance, np.inf)
    return np.sort(distance, axis=-1)[..., -rank]


def posterior(bank: Bank, observed: FloatArray, covariance: FloatArray) -> Sample:
    """Weight the draws that are not implausible by the density of the error; others have weight zero."""
    kept = implausibility(bank.simulated, observed, bank.variance(covariance)) < CUTOFF
    weights = np.zeros(len(bank.draws))
    if not kept.any():
        raise ImplausibleError(f"all {len(kept)} draws are implausible")
    gap = bank.simulated[kept] - observed
    log_density = -0.5 * np.sum(gap * cho_solve(cho_factor(covariance), gap.T).T, axis=1)
    weights[kept] = np.exp(log_density - log_density.max())
    return Sample(bank.draws, weights / weights.sum())


@dataclass(frozen=True)
class Recovery:
    """Known draws and what was inferred of them: posterior probability below the truth (known, parameters),
    without the records that no run explains, and the share of truths that history matching discarded.
    """

    ranks: FloatArray
    discarded: float

    def coverage(self) -> FloatArray:
        """Share of the known draws inside the 90 % interval, by parameter."""
        return np.mean((self.ranks >= INTERVAL[0]) & (self.ranks <= INTERVAL[1]), axis=0)

    def uniformity(self, bins: int = 10) -> FloatArray:
        """Chi-square p-value of equally filled bins of the ranks, by parameter."""
        from scipy.stats import chisquare

        counts = [np.histogram(column, bins, (0.0, 1.0))[0] for column in self.ranks.T]
        return np.array([float(chisquare(count).pvalue) for count in counts])


def recover(bank: Bank, covariance: FloatArray, known: int, generator: np.random.Generator) -> Recovery:
    """Infer the last ``known`` draws of a bank from their own runs plus an error; the rest is the simulator.

    Ranks are uniform if the inference is right (Cook, Gelman and Rubin 2006, JCGS 15(3)).
    """
    rest = Bank(bank.draws[:-known], bank.simulated[:-known], bank.seed_variance)
    error = generator.multivariate_normal(np.zeros(len(covariance)), covariance, known)
    records = bank.simulated[-known:] + error
    ranks = []
    for record, truth in zip(records, bank.draws[-known:], strict=True):
        # Which records are left out depends on the record alone, so the ranks of the others stay uniform
        with suppress(ImplausibleError):
            ranks.append(posterior(rest, record, covariance).below(truth))
    far = implausibility(bank.simulated[-known:], records, bank.variance(covariance))
    return Recovery(np.array(ranks), float(np.mean(far >= CUTOFF)))


def emulate(inputs: FloatArray, outputs: FloatArray, seed: int) -> tuple[Emulator, FloatArray]:
    """Train a network on the first three quarters of the rows; the emulator, and its outputs on the rest."""
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    cut = int((1.0 - HELD_OUT) * len(inputs))
    scales = [(x[:cut].mean(axis=0), x[:cut].std(axis=0)) for x in (inputs, outputs)]
    (centre_in, scale_in), (centre_out, scale_out) = scales
    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN, alpha=1e-3, batch_size=256, early_stopping=True, random_state=seed
    )
    # Batches are small: threads would wait for each other
    with threadpool_limits(1):
        network.fit((inputs[:cut] - centre_in) / scale_in, (outputs[:cut] - centre_out) / scale_out)

    def emulator(points: FloatArray) -> FloatArray:
        return network.predict((points - centre_in) / scale_in) * scale_out + centre_out

    return emulator, emulator(inputs[cut:])


def neural_sample(
    bank: Bank, observed: FloatArray, covariance: FloatArray, generator: np.random.Generator
) -> Sample:
    """Second estimator, without weights: a network learns the mean of the parameters given facts with an
    error; its residuals on draws that it has not seen and whose predictions are nearest to that of the
    record give the spread (Fearnhead and Prangle 2012, JRSS B 74(3); Beaumont et al. 2002, Genetics 162(4)).
    """
    low, high = bank.draws.min(axis=0), bank.draws.max(axis=0)
    usable = np.isfinite(bank.simulated).all(axis=1)
    draws = bank.draws[usable]
    error = generator.multivariate_normal(np.zeros(len(covariance)), covariance, len(draws))
    mean_of, unseen = emulate(bank.simulated[usable] + error, draws, int(generator.integers(2**31)))
    residual = draws[-len(unseen) :] - unseen
    mean = mean_of(observed[None])[0]
    distance = np.square((unseen - mean) / residual.std(axis=0)).sum(axis=1)
    near = np.argsort(distance, kind="stable")[:NEAREST]
    found = np.clip(mean + residual[near], low, high)
    return Sample(found, np.full(len(near), 1.0 / len(near)))
