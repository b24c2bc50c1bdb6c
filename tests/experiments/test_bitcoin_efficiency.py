"""The published efficiency of the network: its recipe by hand, and how much of it needs no fleet."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from experiments.validation import bitcoin_efficiency
from experiments.validation.bitcoin import TIERS
from experiments.validation.bitcoin_efficiency import (
    independent_estimates,
    like_with_like,
    listed_errors,
    listed_j_per_th,
    mean_by_year,
    observed_hashprice,
)
from experiments.validation.bitcoin_run import LABELS, PLACE, observed_efficiency, rms
from sim.parameters import data_text


def test_the_recipe_is_the_mean_of_models_that_pay_weighted_by_age(monkeypatch):
    """By hand: at 60 USD/PH/day and 0.05 USD/kWh models below 50 J/TH pay; weights fall by 0.2 a year."""
    released = np.array([2020 * 12, 2018 * 12, 2020 * 12 + 11, 2014 * 12], np.float64)
    models = (released, np.array([30.0, 45.0, 50.0, 20.0]), np.array([1.0, 2.0, 1.0, 5.0]))
    monkeypatch.setattr(bitcoin_efficiency, "_models", lambda: models)
    # December 2020: age 0 and 2 years count, the third does not pay, the fourth is older than five years
    assert listed_j_per_th("2020-12", 60.0) == pytest.approx((30.0 + 0.6 * 2.0 * 45.0) / (1.0 + 1.2))
    assert listed_j_per_th("2020-12", 60.1) > listed_j_per_th("2020-12", 60.0)
    assert np.isnan(listed_j_per_th("2020-12", 20.0))


def test_without_any_fleet_the_recipe_gives_the_published_efficiency():
    """So the published series is no observation of machines: list and hashprice alone give every year within
    the bar on a year's bias, and the years from 2019 to 2024 within half of it.
    """
    errors = listed_errors(observed_hashprice())
    assert set(mean_by_year(errors)) == {str(year) for year in range(2018, 2026)}
    assert all(abs(error) < 0.06 for error in mean_by_year(errors).values())
    assert all(abs(error) < 0.03 for year, error in mean_by_year(errors).items() if "2019" <= year <= "2024")
    assert rms(np.array(list(errors.values()))) < 0.03


def test_the_index_rises_with_hashprice_as_no_fleet_can():
    """From September 2020 to March 2021 it worsens by 39 %, of which hashprice alone makes more than all."""
    published, hashprice = observed_efficiency(), observed_hashprice()
    assert published["2021-03"] / published["2020-09"] > 1.35
    still = listed_j_per_th("2021-03", hashprice["2020-09"])
    assert still < published["2020-09"]
    assert listed_j_per_th("2021-03", hashprice["2021-03"]) / still > 1.35


def test_the_fleet_of_a_run_is_compared_month_by_month_and_by_its_own_hashprice():
    """A run with the observed hashprice and half of each estimate: bias of the recipe, log of a half."""
    seen = observed_hashprice()
    half = np.full(len(LABELS), np.nan)
    for row in independent_estimates():
        half[PLACE[row["month"]]] = 0.5 * float(row["j_per_th"])
    found = like_with_like({"hashprice": np.array([seen[m] for m in LABELS]), "j_per_th": half})
    bias = mean_by_year(listed_errors(seen))
    for year in range(2021, 2026):
        assert found[f"efficiency.like.bias.{year}"] == pytest.approx(bias[str(year)])
    others = [value for name, value in found.items() if ".like." not in name]
    assert len(others) == sum(row["used"] == "1" for row in independent_estimates()) >= 4
    assert others == pytest.approx([np.log10(0.5)] * len(others))


def test_the_list_has_machines_of_every_tier_and_year():
    rows = list(csv.DictReader(data_text("targets", "machine_models.csv").splitlines()))
    j_per_th = np.array([float(row["j_per_th"]) for row in rows])
    assert all(((j_per_th > low) & (j_per_th <= high)).any() for low, high in TIERS.values())
    assert {row["released"][:4] for row in rows} >= {str(year) for year in range(2016, 2026)}
    assert all(int(row["models"]) >= 1 for row in rows)
