"""Several regimes at once: intervals that hold together, the best, when to stop; against known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.analysis import compare, paired_difference
from experiments.inference import (
    best_intervals,
    precise_enough,
    running_moments,
    settled,
    simultaneous_intervals,
)
from experiments.results import Results, load_results
from experiments.sequential import open_contrasts, sweep_until_precise, with_seeds
from tests.experiments import fakes


def paired(means: dict[str, float], n: int, seed: int, noise: float = 1.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    common = generator.normal(scale=5.0, size=(n, 1))
    values = np.array(list(means.values())) + common + noise * generator.normal(size=(n, len(means)))
    return pd.DataFrame(values, columns=list(means))


def test_intervals_that_hold_together_are_wider_than_one_and_narrower_than_bonferroni():
    matrix = paired({"base": 0.0, "a": 1.0, "b": -1.0, "c": 0.0}, 60, 1)
    together = simultaneous_intervals(matrix, "base")
    differences = matrix.sub(matrix["base"], axis=0)[["a", "b", "c"]]
    error = differences.std(ddof=1) / np.sqrt(60)
    half = (together["high"] - together["low"]) / 2.0
    alone = stats.t.ppf(0.975, 59) * error
    bonferroni = stats.t.ppf(1 - 0.025 / 3, 59) * error
    assert (half > alone).all()
    assert (half < 1.1 * bonferroni).all()
    assert ((together["low"] + together["high"]) / 2).to_numpy() == pytest.approx(
        differences.mean().to_numpy()
    )


def test_simultaneous_intervals_hold_together_in_about_95_of_100_samples(monkeypatch):
    monkeypatch.setattr("experiments.inference.RESAMPLES", 499)
    known = {"a": 1.0, "b": -1.0, "c": 0.0}
    held = 0
    for seed in range(200):
        found = simultaneous_intervals(paired({"base": 0.0, **known}, 40, seed), "base")
        held += all(
            found.loc[name, "low"] <= value <= found.loc[name, "high"] for name, value in known.items()
        )
    assert 182 <= held <= 198


def test_comparison_with_the_best_finds_it_and_says_how_far_the_others_are():
    found = best_intervals(paired({"bad": 0.0, "good": 3.0, "middling": 2.0}, 80, 2))
    assert found.loc["good", "low"] == 0.0
    assert found.loc["good", "high"] > 0.5
    assert found.loc[["bad", "middling"], "high"].tolist() == [0.0, 0.0]
    assert found.loc["bad", "low"] < -3.0 < 0.0
    assert found.loc["middling", "low"] == pytest.approx(-1.0, abs=0.5)


def test_equal_regimes_could_all_be_best_and_less_can_be_better():
    found = best_intervals(paired({"a": 0.0, "b": 0.0, "c": 0.0}, 50, 3))
    assert (found["low"] < 0.0).all()
    assert (found["high"] > 0.0).all()
    cheap = best_intervals(paired({"dear": 5.0, "cheap": 0.0}, 50, 3), minimise=True)
    assert cheap["high"].to_dict() == {"dear": 0.0, "cheap": pytest.approx(5.0, abs=0.6)}


def test_few_replicates_give_no_interval_and_equal_ones_no_width():
    assert simultaneous_intervals(paired({"base": 0.0, "a": 1.0}, 3, 1), "base").isna().to_numpy().all()
    still = pd.DataFrame({"base": np.arange(8.0), "a": np.arange(8.0) + 2.0})
    assert simultaneous_intervals(still, "base").loc["a"].tolist() == [2.0, 2.0]
    assert best_intervals(still).loc["base"].tolist() == [-2.0, 0.0]


def test_the_comparison_carries_both_kinds_of_interval(results: Results):
    table = compare(results, ["jobs_total"]).set_index("regime")
    contrasts = table.drop(index="status-quo")
    assert (contrasts["simultaneous_low"] < contrasts["difference_low"]).all()
    assert (contrasts["simultaneous_high"] > contrasts["difference_high"]).all()
    assert (table["best_low"] <= 0.0).all()
    assert (table["best_high"] >= 0.0).all()


def test_a_study_stops_at_five_percent_of_the_effect_or_half_the_smallest_of_interest():
    generator = np.random.default_rng(5)
    for n, effect, smallest, enough in ((50, 0.0, 1.0, True), (50, 0.0, 0.1, False), (2000, 1.0, 0.0, True)):
        found = paired_difference(effect + generator.normal(size=n), np.zeros(n))
        assert precise_enough(found, smallest) is enough
    assert not precise_enough(paired_difference([1.0, 2.0], [0.0, 0.0]), 10.0)


def test_running_moments_end_at_the_moments_of_the_sample():
    values = np.random.default_rng(6).normal(10.0, 2.0, size=30)
    moments = running_moments(values)
    assert moments["n"].tolist() == list(range(2, 31))
    assert moments["mean"].iloc[-1] == pytest.approx(values.mean())
    assert moments["variation"].iloc[-1] == pytest.approx(values.std(ddof=1) / values.mean())
    assert moments["variation"].iloc[3] == pytest.approx(values[:5].std(ddof=1) / values[:5].mean())


def test_a_mean_has_settled_when_the_last_fifth_moves_it_by_less_than_one_percent():
    generator = np.random.default_rng(7)
    assert settled(generator.normal(10.0, 1.0, size=4000))
    assert not settled(generator.normal(10.0, 4.0, size=20))
    drift = np.concatenate([np.full(80, 1.0), np.full(20, 3.0)])
    assert not settled(drift + 0.01 * generator.normal(size=100))


def test_a_sequential_study_stops_early_and_runs_nothing_twice(tmp_path: Path, monkeypatch):
    def noisy(task: fakes.Task) -> fakes.Outcome:
        own = np.random.default_rng([task.spec.seed, sum(task.spec.regime.encode())]).normal()
        return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": 100.0 * own})

    smallest = {"jobs_total": 100.0}
    study = fakes.study(
        sizes={"quick": {"seeds": 90}},
        stopping={"smallest_effects": smallest, "seeds_per_round": 5},
        series=False,
    )
    monkeypatch.setattr("experiments.runner.make_plan", lambda chosen, size: fakes.plan(chosen))
    result = sweep_until_precise(study, "quick", tmp_path, workers=1, execute=noisy)
    results = load_results(tmp_path)
    seeds = len(set(results.runs["seed"]))
    # Half of the smallest effect is reached near n = (1.96 * 141 / 50)^2 = 31 pairs.
    assert 15 <= seeds <= 60
    assert seeds % 5 == 0
    assert open_contrasts(results, smallest) == []
    assert (result.skipped, result.done) == (3 * (seeds - 5), 15)
    assert result.plan.study == with_seeds(study, "quick", seeds)
