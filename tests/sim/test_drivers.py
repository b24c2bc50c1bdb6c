"""Exogenous series: observed months are replayed exactly, later months follow on, events hold for their
dates.
"""

from __future__ import annotations

import csv
import datetime

import numpy as np
import pytest

from sim import load_scenario
from sim.drivers import (
    bitcoin_price,
    build_drivers,
    days_in_month,
    gpu_price,
    interpolate_anchors,
    interruptions,
    month_labels,
    parameter_events,
    reverting_gap,
    splice,
    walk,
)
from sim.parameters import data_text
from sim.regimes import months_between


def rows(name: str) -> dict[str, dict[str, str]]:
    return {row["month"]: row for row in csv.DictReader(data_text("drivers", name).splitlines())}


@pytest.fixture(scope="module")
def replay():
    scenario = load_scenario(start="2024-01", months=72)
    return build_drivers(scenario, 5, scenario.values())


def test_labels_are_calendar_months():
    assert month_labels("2025-11", 4) == ("2025-11", "2025-12", "2026-01", "2026-02")
    assert months_between("2025-11", "2027-02") == 15
    for label in month_labels("1999-01", 30 * 12):
        first = datetime.date.fromisoformat(f"{label}-01")
        following = datetime.date.fromisoformat(month_labels(label, 2)[1] + "-01")
        assert days_in_month(label) == (following - first).days


def test_observed_prices_and_fees_are_replayed(replay):
    published = rows("bitcoin_monthly.csv")
    compared = 0
    for t, label in enumerate(replay.labels):
        row = published.get(label)
        if row and row["price_usd"]:
            assert replay.btc_price_usd[t] == float(row["price_usd"])
            compared += 1
        if row and row["fees_share"]:
            assert replay.fee_share[t] == float(row["fees_share"])
    assert compared >= 18


def test_observed_fuel_cost_is_replayed_in_dollars(replay):
    published, rate = rows("fuel_cost_monthly.csv"), load_scenario().values()["local_per_usd"]
    fuels = [name for name in next(iter(published.values())) if name != "month"]
    assert set(replay.fuel_cost_usd_per_mwh) == set(fuels)
    compared = 0
    for t, label in enumerate(replay.labels):
        for fuel in fuels:
            if label in published and published[label][fuel]:
                expected = float(published[label][fuel]) / rate * 1000.0
                assert replay.fuel_cost_usd_per_mwh[fuel][t] == pytest.approx(expected, rel=1e-12)
                compared += 1
    assert compared > 50


def test_simulated_months_start_from_the_last_observation():
    labels, simulated = ("a", "b", "c", "d", "e"), np.array([1.0, 2.0, 4.0, 2.0, 1.0])
    path = splice(labels, {"b": 10.0, "c": 12.0}, simulated, True)
    assert path.tolist() == [1.0, 10.0, 12.0, 6.0, 3.0]
    assert splice(labels, {"b": 10.0}, simulated, False).tolist() == simulated.tolist()
    assert splice(labels, {}, simulated, True).tolist() == simulated.tolist()


def test_anchors_are_joined_by_constant_growth_and_held_outside():
    path = interpolate_anchors({"2025-03": 4.0, "2025-05": 1.0}, "2025-01", 7)
    assert path == pytest.approx([4.0, 4.0, 4.0, 2.0, 1.0, 1.0, 1.0], rel=1e-12)


def test_a_walk_has_the_mean_that_its_drift_says():
    shocks = np.random.default_rng(2).standard_normal((20_000, 13))
    ends = np.array([walk(100.0, 0.1, 0.5, row)[-1] for row in shocks])
    # E[P_t] = P_0 exp(mu t), B17; a lognormal with sigma^2 t has relative standard deviation sqrt(e^(s2) - 1)
    error = 100.0 * np.exp(0.1) * np.sqrt(np.exp(0.25) - 1.0) / np.sqrt(20_000)
    assert ends.mean() == pytest.approx(100.0 * np.exp(0.1), abs=5.0 * error)
    assert walk(100.0, 0.1, 0.5, shocks[0])[0] == 100.0


def test_a_walk_without_noise_is_exact():
    assert walk(2.0, 0.12, 0.0, np.ones(13)) == pytest.approx(2.0 * np.exp(0.01 * np.arange(13)), rel=1e-12)


def gap_values(volatility: float, reversion: float, hazard: float, jump: float) -> dict[str, float]:
    return {
        "gpu_price_volatility_per_year": volatility, "gpu_price_reversion_per_year": reversion,
        "gpu_jump_hazard_per_year": hazard, "gpu_jump_log_size": jump,
    }  # fmt: skip


def test_the_gpu_price_without_shocks_closes_its_gap_to_the_trend():
    quiet = gap_values(0.0, 1.0, 0.0, 0.3)
    assert reverting_gap(3, 25, 0, 0.0, quiet) == pytest.approx(np.zeros(25))
    gap = reverting_gap(3, 25, 4, 0.3, quiet)
    assert gap[:4] == pytest.approx(np.zeros(4))
    assert gap[4:] == pytest.approx(0.3 * np.exp(-np.arange(21) / 12.0), rel=1e-12)


def test_after_the_last_anchor_the_gpu_price_falls_along_its_trend():
    still = {**load_scenario().values(), **gap_values(0.0, 1.0, 0.0, 0.0), "gpu_price_last_gap": 0.0}
    labels = month_labels("2025-06", 36)
    path = gpu_price(labels, 1, still, True)
    last = labels.index("2025-10")
    assert path[last] == pytest.approx(1.70)
    assert path[last + 12] / path[last] == pytest.approx(np.exp(still["gpu_price_drift_per_year"]), rel=1e-12)
    assert gpu_price(labels, 1, still, False)[0] == still["gpu_price_start_usd_per_hour"]


def test_the_gpu_price_returns_to_its_trend():
    """Stationary variance of an AR(1) in logs: s^2 / (1 - a^2) with a = exp(-reversion / 12), s =
    volatility / sqrt(12).
    """
    values = gap_values(0.4, 2.0, 0.0, 0.0)
    gaps = [reverting_gap(seed, 480, 0, 0.0, values)[120:] for seed in range(40)]
    expected = 0.4**2 / 12.0 / (1.0 - np.exp(-2.0 * 2.0 / 12.0))
    assert np.mean([gap.var() for gap in gaps]) == pytest.approx(expected, rel=0.1)
    jumpy = reverting_gap(1, 480, 0, 0.0, gap_values(0.0, 2.0, 1.0, 0.3))
    assert np.isclose(np.abs(np.diff(jumpy)).max(), 0.3, atol=0.1)


def test_gas_interruptions_last_as_long_as_they_are_said_to():
    factor = interruptions(9, 600, 0.3, 3.0, 0.4)
    assert set(factor) == {0.4, 1.0}
    low = "".join("x" if value < 1.0 else " " for value in factor).split()
    assert min(len(spell) for spell in low) >= 3
    # Hazard 0.3 a year over 50 years: 15 arrivals expected, standard deviation below 4
    assert 3 <= len(low) <= 30


def test_dated_events_hold_from_their_first_to_their_last_month(replay):
    month = {label: t for t, label in enumerate(replay.labels)}
    assert replay.link_factor[month["2026-01"]] == 0.8
    assert replay.link_factor[month["2025-12"]] == replay.link_factor[month["2026-02"]] == 1.0
    assert replay.plant_factor["sahiwal"][month["2026-01"]] == 0.0
    assert replay.plant_factor["sahiwal"].sum() == len(replay.labels) - 1
    assert (replay.gas_factor[month["2026-03"] : month["2026-06"] + 1] == 0.25).all()


def test_events_of_a_country_value_end_and_yield_to_an_override():
    labels = month_labels("2025-06", 14)
    events = parameter_events(load_scenario(months=14), labels)
    risk = {t: dict(changes).get("country_risk_premium") for t, changes in events.items()}
    assert risk[0] == 0.12
    assert risk[2] == load_scenario().values()["country_risk_premium"]
    tariff = {t: dict(changes).get("industrial_tariff_local_per_kwh") for t, changes in events.items()}
    assert tariff[labels.index("2026-02")] == 28.9
    chosen = load_scenario(months=14, overrides={"country_risk_premium": 0.05})
    named = {name for changes in parameter_events(chosen, labels).values() for name, _ in changes}
    assert named
    assert "country_risk_premium" not in named


@pytest.mark.parametrize("options", [{"drivers": "simulated"}, {"country": "bhutan"}])
def test_history_of_pakistan_is_not_replayed_elsewhere(options):
    scenario = load_scenario(months=24, **options)
    drivers = build_drivers(scenario, 5, scenario.values())
    assert parameter_events(scenario, drivers.labels) == {}
    assert drivers.plant_factor == {}
    assert (drivers.link_factor == 1.0).all()


@pytest.mark.parametrize("drift", [0.0, 0.2])
def test_the_log_of_the_bitcoin_price_drifts_by_its_parameter_and_no_more(drift):
    volatility, years, seeds = 0.55, 10, 400
    labels = month_labels("2030-01", 12 * years + 1)
    values = {"btc_drift_per_year": drift, "btc_volatility_per_year": volatility}
    paths = [bitcoin_price(labels, seed, values, False) for seed in range(seeds)]
    growth = np.array([np.log(path[-1] / path[0]) for path in paths])
    two_standard_errors = 2.0 * volatility * np.sqrt(years / seeds)
    assert abs(growth.mean() - drift * years) < two_standard_errors
