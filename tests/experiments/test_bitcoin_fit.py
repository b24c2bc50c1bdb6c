"""The stored fit of the world's miners: its bars, and that it is a fit of the model as it is now."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from experiments.validation.bitcoin_fit import IDENTIFIED, KNOWN, MEMBERS, PRIORS, fitted_run, seed_variance
from experiments.validation.bitcoin_run import fitted_errors
from experiments.validation.bitcoin_statistics import (
    MEMORY_MONTHS,
    OBSERVATION_SD,
    error_covariance,
    left_out_errors,
    observed_statistics,
    simulated_statistics,
    statistics,
    tolerances,
)
from experiments.validation.posterior import CUTOFF
from sim.parameters import data_text, parameters


def table(name):
    return list(csv.DictReader(data_text("targets", f"bitcoin_{name}.csv").splitlines()))


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


@pytest.fixture(scope="module")
def members():
    return [row for row in table("ensemble") if row["seed"]]


@pytest.fixture(scope="module")
def inferred():
    return table("fit_parameters")


def test_the_registry_carries_the_published_set_and_it_is_not_implausible():
    published = table("ensemble")[0]
    assert published["member"] == "published"
    medians = {row["parameter"]: row["median"] for row in table("fit_parameters")}
    for name in PRIORS:
        assert parameters()[name].value == float(published[name]) == float(medians[name])
        assert parameters()[name].status == "calibrated"
    assert float(published["implausibility"]) < CUTOFF


def test_members_are_inside_the_prior_not_implausible_and_have_seeds_of_their_own(members):
    assert len(members) == MEMBERS
    assert len({row["seed"] for row in members}) == MEMBERS
    assert (column(members, "implausibility") < CUTOFF).all()
    for name, (low, high) in PRIORS.items():
        assert low <= column(members, name).min()
        assert column(members, name).max() <= high


def test_what_is_not_identified_is_swept_over_its_prior(members, inferred):
    for row in inferred:
        if row["identified"] == "False":
            low, high = PRIORS[row["parameter"]]
            found = np.ptp(np.quantile(column(members, row["parameter"]), (0.05, 0.95)))
            assert found > (1.0 - IDENTIFIED - 0.1) * 0.9 * (high - low), row["parameter"]


@pytest.mark.parametrize("place", [0, MEMBERS - 1])
def test_the_stored_errors_are_those_of_the_model_as_it_is(members, place):
    row = members[place]
    point = np.array([float(row[name]) for name in PRIORS])
    for name, error in fitted_errors(fitted_run(point, int(row["seed"]))).items():
        # Stored parameters have four digits
        assert error == pytest.approx(float(row[f"{name}_error"]), rel=0.15, abs=0.01), name


def test_known_draws_are_recovered(inferred):
    """C1: 90 % intervals cover 85-95 % of known draws, ranks are uniform (Holm over the parameters)."""
    identified = [row for row in inferred if row["identified"] == "True"]
    coverage = column(identified, "recovery_coverage")
    assert (coverage >= 0.85).all()
    assert (coverage <= 0.95).all()
    p = np.sort(column(inferred, "recovery_p"))
    assert (p * np.arange(len(p), 0, -1) > 0.01).all()
    assert KNOWN >= 50


def test_two_estimators_agree(inferred):
    """C2: the mean of each lies in the 90 % interval of the other."""
    assert all(row["agree"] == "True" for row in inferred)
    assert (np.abs(column(inferred, "gap_sd")) < 0.5).all()


def test_history_matching_discards_most_of_the_prior():
    """C5, and the weighted sample is worth several times the ensemble drawn from it."""
    known = {row["quantity"]: float(row["value"]) for row in table("fit_summary")}
    assert 0.0 < known["surviving_share"] < known["emulated_share"] < 0.2
    assert known["effective_draws"] > 3 * MEMBERS
    assert known["known_draws_discarded"] < 0.1


def test_facts_of_the_record_are_seen_as_published():
    seen = dict(zip((fact.id for fact in statistics()), observed_statistics(), strict=True))
    assert seen["markup.2020-05"] == pytest.approx(np.log10(1.48))
    assert seen["halving.month1"] == pytest.approx(0.053, abs=5e-4)
    assert seen["efficiency.2018"] == pytest.approx(np.log10([136.6, 112.9, 94.18]).mean())
    assert seen["hash.2017h1"] < seen["hash.2020h2"]
    assert {fact.year for fact in statistics()} == {2017, 2018, 2019, 2020}


def test_a_year_is_predicted_without_its_own_facts():
    """Draws that miss only 2019 predict it with their miss; draws without a miss leave no error."""
    draws = np.tile(observed_statistics(), (200, 1))
    assert left_out_errors(draws) == pytest.approx(0.0)
    of_2019 = np.array([fact.year == 2019 for fact in statistics()])
    draws[:, of_2019] += 0.3
    assert left_out_errors(draws) == pytest.approx(np.where(of_2019, 0.3, 0.0))


def test_the_error_is_correlated_within_a_group_only():
    covariance = error_covariance(np.tile(observed_statistics(), (200, 1)))
    facts = statistics()
    record = np.array([OBSERVATION_SD[fact.group] for fact in facts])
    # Without an error in left-out years half of the tolerance remains
    assert np.diag(covariance) == pytest.approx((tolerances() / 2.0) ** 2 + record**2)
    assert covariance[0, 1] == pytest.approx((tolerances()[0] / 2.0) ** 2 * np.exp(-6.0 / MEMORY_MONTHS))
    assert covariance[0, 8] == 0.0
    assert (np.linalg.eigvalsh(covariance) > 0.0).all()


def test_seeds_move_the_facts_less_than_the_prior_does():
    point = np.array([parameters()[name].value for name in PRIORS])
    facts = np.array([simulated_statistics(fitted_run(point, seed)) for seed in range(6)])
    spread = seed_variance(np.tile(point, (50, 1)), np.tile(facts[0], (50, 1)))
    assert (spread > 0.0).all()
    assert np.sqrt(spread[:8]).max() < 0.05
