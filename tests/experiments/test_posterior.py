"""History matching and posterior against a linear Gaussian simulator, whose posterior is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, qmc

from experiments.validation.posterior import (
    Bank,
    ImplausibleError,
    Sample,
    implausibility,
    neural_sample,
    posterior,
    recover,
)

# Three facts of two parameters; a third parameter moves nothing
SLOPES = np.array([[1.0, 0.5], [0.0, 1.0], [1.0, -1.0]])
COVARIANCE = np.array([[0.5, 0.2, 0.0], [0.2, 0.4, 0.0], [0.0, 0.0, 0.8]])
RECORD = np.array([0.7, -0.4, 0.9])
SEED_SD = 0.3
HALF_WIDTH = 6.0


@pytest.fixture(scope="module")
def bank():
    unit = qmc.Sobol(3, rng=np.random.default_rng(3)).random_base2(13)
    draws = HALF_WIDTH * (2.0 * unit - 1.0)
    noise = np.random.default_rng(4).normal(0.0, SEED_SD, (len(draws), 3))
    return Bank(draws, draws[:, :2] @ SLOPES.T + noise, np.full(3, SEED_SD**2))


def exact():
    """Mean and covariance of the posterior under a flat prior: generalised least squares."""
    precision = np.linalg.inv(COVARIANCE + SEED_SD**2 * np.eye(3))
    spread = np.linalg.inv(SLOPES.T @ precision @ SLOPES)
    return spread @ SLOPES.T @ precision @ RECORD, spread


def test_implausibility_is_the_largest_distance_in_standard_deviations():
    simulated = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, np.nan]])
    found = implausibility(simulated, np.zeros(3), np.array([1.0, 16.0, 1.0]))
    assert found.tolist() == [1.0, np.inf]
    assert implausibility(simulated, np.zeros(3), np.array([1.0, 16.0, 1.0]), rank=2)[0] == 0.5


def test_a_mean_over_seeds_and_a_record_vary_by_their_own_seeds(bank):
    assert bank.variance(COVARIANCE)[0] == pytest.approx(0.5 + 2.0 * SEED_SD**2)
    assert bank.variance(COVARIANCE, runs=9)[0] == pytest.approx(0.5 + SEED_SD**2 * 10.0 / 9.0)


def test_quantiles_and_resampling_follow_the_weights():
    sample = Sample(np.arange(4.0)[:, None], np.array([0.1, 0.2, 0.3, 0.4]))
    assert sample.effective == pytest.approx(1.0 / 0.30)
    assert sample.quantiles((0.05, 0.8)).ravel() == pytest.approx([0.0, 3.0])
    assert sample.below(np.array([2.0])) == pytest.approx([0.3])
    places = sample.resampled(1000, np.random.default_rng(0))
    assert np.bincount(places) == pytest.approx([100, 200, 300, 400], abs=1)


def test_weights_reproduce_the_posterior_of_a_linear_gaussian_model(bank):
    mean, spread = exact()
    sample = posterior(bank, RECORD, COVARIANCE)
    sd = np.sqrt(np.diag(spread))
    assert sample.mean()[:2] == pytest.approx(mean, abs=0.1 * sd.min())
    low, high = sample.quantiles((0.05, 0.95))
    assert (high - low)[:2] == pytest.approx(2.0 * norm.ppf(0.95) * sd, rel=0.08)
    # What moves nothing keeps the interval of its prior
    assert (high - low)[2] == pytest.approx(0.9 * 2.0 * HALF_WIDTH, rel=0.05)


def test_history_matching_discards_what_the_error_cannot_explain(bank):
    sample = posterior(bank, RECORD, COVARIANCE)
    far = implausibility(bank.simulated, RECORD, bank.variance(COVARIANCE)) >= 3.0
    assert 0.5 < far.mean() < 1.0
    assert (sample.weights[far] == 0.0).all()
    assert (sample.weights[~far] > 0.0).all()
    with pytest.raises(ImplausibleError, match="all 8192 draws are implausible"):
        posterior(bank, RECORD + 100.0, COVARIANCE)


def test_known_draws_are_recovered_and_a_wrong_error_is_found_out(bank):
    right = recover(bank, COVARIANCE, 200, np.random.default_rng(5))
    assert (right.coverage() >= 0.85).all()
    assert (right.coverage() <= 0.95).all()
    assert (right.uniformity() > 0.01).all()
    assert right.discarded < 0.03
    # Inference that takes the error for a quarter of its variance is overconfident
    generator = np.random.default_rng(5)
    wrong = Bank(bank.draws, bank.simulated.copy(), bank.seed_variance)
    wrong.simulated[-200:] += generator.multivariate_normal(np.zeros(3), COVARIANCE, 200)
    found = recover(wrong, COVARIANCE / 4.0, 200, generator)
    assert (found.coverage()[:2] < 0.85).all()
    assert (found.uniformity()[:2] < 0.01).all()


def test_the_second_estimator_agrees_with_the_closed_form(bank):
    mean, spread = exact()
    sample = neural_sample(bank, RECORD, COVARIANCE, np.random.default_rng(6))
    sd = np.sqrt(np.diag(spread))
    assert sample.mean()[:2] == pytest.approx(mean, abs=0.35 * sd.min())
    low, high = sample.quantiles((0.05, 0.95))
    assert (high - low)[:2] == pytest.approx(2.0 * norm.ppf(0.95) * sd, rel=0.2)
    assert (high - low)[2] == pytest.approx(0.9 * 2.0 * HALF_WIDTH, rel=0.08)
