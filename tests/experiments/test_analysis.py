"""Paired inference against closed forms, published counts and plain enumeration."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments import analysis
from experiments.results import Results


@pytest.mark.parametrize(
    ("effect", "unpaired", "pairs"), [(0.1, 3565, 716), (0.2, 893, 182), (0.3, 398, 83), (0.5, 145, 32)]
)
def test_replicate_advice_equals_the_t_exact_table(effect, unpaired, pairs):
    """P3 of the publication bar: alpha .01 two-sided, power .95."""
    assert analysis.runs_needed_per_arm(effect) == unpaired
    assert analysis.pairs_needed(effect, 0.8) == pairs


@pytest.mark.parametrize(
    ("rho", "effect"), [(0.0, 0.43), (0.5, 0.30), (0.8, 0.19), (0.9, 0.135), (0.95, 0.096)]
)
def test_two_hundred_pairs_resolve_the_published_effects(rho, effect):
    assert analysis.resolvable_effect(200, rho) == pytest.approx(effect, abs=5e-3)


def test_the_resolvable_effect_is_the_inverse_of_the_replicate_advice():
    for n in (5, 30, 200):
        effect = analysis.resolvable_effect(n, 0.8)
        assert analysis.pairs_needed(effect * (1 + 1e-6), 0.8) == n
        assert analysis.pairs_needed(effect * (1 - 1e-6), 0.8) == n + 1


def test_power_equals_a_simulation():
    n, shift = 12, 0.9
    rng = np.random.default_rng(4)
    sample = rng.normal(shift, 1.0, (20_000, n))
    rejected = stats.ttest_1samp(sample, 0.0, axis=1).pvalue < analysis.ALPHA
    assert rejected.mean() == pytest.approx(analysis.power_of_t(shift * math.sqrt(n), n - 1), abs=0.012)


def test_the_paired_difference_is_that_of_the_pairs():
    rng = np.random.default_rng(1)
    common = rng.normal(size=40)
    a, b = 2.0 + common + 0.1 * rng.normal(size=40), common
    found = analysis.paired_difference(a, b)
    assert found.n == 40
    assert found.mean == pytest.approx((a - b).mean())
    assert found.low < found.mean < found.high
    assert found.correlation == pytest.approx(stats.pearsonr(a, b).statistic)
    one_arm = (a - b).std(ddof=1)
    unit = analysis.resolvable_effect(40, 0.5)  # at rho .5 one arm and the difference have the same spread
    assert found.resolvable == pytest.approx(unit * one_arm)


def test_the_bca_interval_covers_the_mean_of_a_skewed_law_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    samples = rng.exponential(size=(200, 40))
    intervals = [analysis.bca_interval(sample, resamples=999) for sample in samples]
    covered = np.mean([low < 1.0 < high for low, high in intervals])
    assert 0.88 <= covered <= 0.99


def test_the_interval_is_seeded():
    values = np.random.default_rng(3).normal(size=20)
    assert analysis.bca_interval(values) == analysis.bca_interval(values)


def test_equal_differences_and_few_pairs_have_an_honest_interval():
    same = analysis.paired_difference([3.0] * 6, [1.0] * 6)
    assert (same.mean, same.low, same.high) == (2.0, 2.0, 2.0)
    assert math.isnan(same.correlation)
    few = analysis.paired_difference([1.0, 2.0, 4.0], [0.0, 0.0, 0.0])
    assert few.mean == pytest.approx(7 / 3)
    assert math.isnan(few.low)
    assert math.isnan(few.resolvable)
    assert analysis.paired_difference([math.nan], [1.0]).n == 0


def test_one_outlier_among_equal_differences_still_gets_an_interval():
    low, high = analysis.bca_interval([0.0] * 9 + [5.0])
    assert 0.0 <= low <= 0.5 <= high <= 5.0


def test_a_missing_run_drops_its_pair_only():
    found = analysis.paired_difference([1.0, math.nan, 3.0, 5.0, 6.0], [0.0, 9.0, 1.0, 2.0, 2.0])
    assert found.n == 4
    assert found.mean == pytest.approx((1 + 2 + 3 + 4) / 4)


MATRIX = pd.DataFrame({"a": [3.0, 1.0, 2.0, 5.0], "b": [1.0, 4.0, 2.0, 5.0], "c": [0.0, 0.0, 0.0, 8.0]})


def test_probability_of_best_shares_ties():
    best = analysis.probability_best(MATRIX)
    assert best.to_dict() == {"a": 1.5 / 4, "b": 1.5 / 4, "c": 1 / 4}
    least = analysis.probability_best(MATRIX, minimise=True)
    assert least.to_dict() == {"a": 0.5 / 4, "b": 0.5 / 4, "c": 3 / 4}


def test_expected_regret_is_the_mean_shortfall():
    regret = analysis.expected_regret(MATRIX)
    assert regret.to_dict() == {"a": (0 + 3 + 0 + 3) / 4, "b": (2 + 0 + 0 + 3) / 4, "c": (3 + 4 + 2 + 0) / 4}
    assert (analysis.expected_regret(MATRIX, minimise=True) == analysis.expected_regret(-MATRIX)).all()


def test_an_incomplete_replicate_is_left_out_of_best_and_regret():
    holed = MATRIX.copy()
    holed.loc[3, "a"] = math.nan
    assert analysis.probability_best(holed)["c"] == 0.0


def test_quantiles_ignore_missing_runs():
    values = [*np.arange(101.0), math.nan]
    assert analysis.quantiles(values) == (5.0, 50.0, 95.0)
    assert all(math.isnan(value) for value in analysis.quantiles([math.nan]))


def test_compare_has_a_row_per_output_and_regime_and_no_contrast_for_the_baseline(results: Results):
    table = analysis.compare(results)
    assert len(table) == 4 * 3
    base = table[table["regime"] == "status-quo"]
    assert base["difference"].isna().all()
    treated = table[(table["regime"] == "offer") & (table["output"] == "jobs_total")].iloc[0]
    wide = results.runs.pivot(index="seed", columns="regime", values="jobs_total")
    assert treated["difference"] == pytest.approx((wide["offer"] - wide["status-quo"]).mean())
    assert treated["correlation"] > 0.8
    assert treated["regime_label"] == "The offer"
    arrears = table[table["output"] == "arrears_usd"].set_index("regime")
    assert arrears["regret"].idxmin() == arrears["mean"].idxmin()
