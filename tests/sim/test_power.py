"""The power system of a month: limits that follow water, season and load, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from agents.consumer import Consumer
from sim import load_scenario
from sim.drivers import foggy
from sim.errors import ModelError
from sim.model import WattLabModel
from sim.power import PowerSystem
from sim.power_loads import BASE, SOLAR, least_output, storage_mw

NOBODY = {"miners": 1, "world_miners": 1, "ai_firms": 1}


@pytest.fixture(scope="module")
def model() -> WattLabModel:
    scenario = load_scenario("pakistan", "pakistan-status-quo", start="2025-06", months=12, population=NOBODY)
    return WattLabModel(scenario, 3)


def stored_mw(power: PowerSystem, water_share: np.ndarray) -> np.ndarray:
    return np.array([storage_mw(*pair) for pair in zip(power.capacity, water_share, strict=True)])


def minimum_mw(power: PowerSystem, maximum: np.ndarray, base: np.ndarray) -> np.ndarray:
    return least_output(
        maximum, base, power.capacity, power.must_run, power.contract_gas, power.zone,
        power.values["rlng_min_load_share"],
    )  # fmt: skip


def test_storage_keeps_a_floor_and_never_exceeds_its_capacity(model: WattLabModel) -> None:
    power = model.power
    dry, half, wet = (stored_mw(power, np.full(len(power.capacity), share)) for share in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(dry, 0.25 * power.capacity)
    np.testing.assert_allclose(half, 0.8 * power.capacity)
    np.testing.assert_array_equal(wet, power.capacity)


def test_contract_gas_runs_at_its_share_of_the_load_of_its_own_zone(model: WattLabModel) -> None:
    power = model.power
    plants = [plant.name for plant in power.country.plant]
    maximum = np.repeat(power.capacity[:, None], 24, axis=1)
    base = np.array([np.full(24, 3000.0), np.linspace(6000.0, 10000.0, 24)])
    before = minimum_mw(power, maximum, base)
    share = power.values["rlng_min_load_share"]
    assert before[plants.index("rlng_new")] == pytest.approx(share * 8000.0)
    base[0] += 5000.0
    np.testing.assert_array_equal(minimum_mw(power, maximum, base), before)


def test_contract_gas_minimum_stops_at_what_is_available(model: WattLabModel) -> None:
    power = model.power
    row = [plant.name for plant in power.country.plant].index("rlng_new")
    maximum = np.repeat(power.capacity[:, None], 24, axis=1)
    maximum[row] = 700.0
    minimum = minimum_mw(power, maximum, np.full((2, 24), 20000.0))
    assert minimum[row] == 700.0


def test_gas_limit_falls_in_the_heating_season_only(model: WattLabModel) -> None:
    power = model.power
    usual = power.values["rlng_group_cap_mw"] * power.drivers.gas_factor
    ratio = np.array([power.gas_cap_mw(t) for t in range(12)]) / usual
    winter = np.isin(power.drivers.month_of_year, (12, 1, 2))
    np.testing.assert_allclose(ratio[winter], power.values["rlng_winter_share"])
    np.testing.assert_allclose(ratio[~winter], 1.0)


def test_month_keeps_to_the_gas_limit_and_to_the_water_of_the_month(model: WattLabModel) -> None:
    power = model.power
    for t in range(12):
        month = power.run_month(model.state, t)
        gas = month.result.gen_mw[power.group >= 0].sum(axis=0)
        assert np.all(gas <= power.gas_cap_mw(t) * (1.0 + 1e-9))
        share = power.availability[:, power.drivers.month_of_year[t] - 1] * power.drivers.hydro_factor[t]
        energy = month.result.gen_mw.sum(axis=1)[power.limited]
        assert np.all(energy <= (power.capacity * share * 24.0)[power.limited] * (1.0 + 1e-9))
        peak = month.result.gen_mw.max(axis=1)[power.limited]
        assert np.all(peak <= stored_mw(power, share)[power.limited] * (1.0 + 1e-9))


def test_planned_plants_come_when_announced_or_late_and_are_paid_from_then_on() -> None:
    for delay in (0.0, 2.0):
        scenario = load_scenario(
            "pakistan", "pakistan-status-quo", start="2025-06", months=84, population=NOBODY,
            overrides={"new_plant_delay_years": delay},
        )  # fmt: skip
        power = WattLabModel(scenario, 3).power
        row = [plant.name for plant in power.country.plant].index("dasu_1")
        first = power.drivers.labels.index("2029-07") + round(12 * delay)
        np.testing.assert_array_equal(power.online[:, row], np.arange(84) >= first)
        assert (power.plant_factor[:first, row] == 0.0).all()
        assert (power.plant_factor[first:, row] > 0.0).all()
        share, rate = power.values["capacity_usd_share"], power.drivers.local_per_usd
        owed = [
            power.capacity_cost_usd(t) / (share + (1.0 - share) * 281.0 / rate[t]) for t in (first - 1, first)
        ]
        payment = power.country.plant[row].capacity_payment_local_bn_per_year * 1e9 / 281.0 / 12.0
        assert owed[1] - owed[0] == pytest.approx(payment, rel=1e-6)


def test_batteries_move_noon_to_the_evening_and_lose_a_little(model: WattLabModel) -> None:
    power = model.power
    for season in ("winter", "summer"):
        load = power.battery_mw(power.solar[season])
        cycle = power.values["battery_cycles_per_year"] * 24.0 / 8766.0
        assert -load[18:23].sum() == pytest.approx(cycle, rel=0.02)  # summer sun lasts into the evening
        assert load.sum() == pytest.approx(
            cycle * (1.0 / power.values["battery_efficiency"] - 1.0), rel=1e-12
        )
        assert load[18:23].max() < 0.0 < load[12]


def test_a_contract_of_few_hours_is_used_up(model: WattLabModel) -> None:
    state, power = model.state, model.power
    state.policy["interruption_hours_per_year"] = 100.0
    assert power.interruptible(state, 0)
    state.operator["interrupted_hours"] = 99.0
    assert power.interruptible(state, 5)
    state.operator["interrupted_hours"] = 100.0
    assert not power.interruptible(state, 5)
    assert power.interruptible(state, 12)
    state.policy["interruption_hours_per_year"] = 0.0
    assert not power.interruptible(state, 12)


def test_fog_comes_in_january_with_its_probability_and_is_the_same_in_every_regime() -> None:
    labels = tuple(f"{2030 + t // 12}-{t % 12 + 1:02d}" for t in range(12 * 400))
    fog = foggy(labels, 5, 0.3)
    january = np.array([label.endswith("-01") for label in labels])
    assert not fog[~january].any()
    assert fog[january].mean() == pytest.approx(0.3, abs=4.0 * np.sqrt(0.21 / 400))
    assert (foggy(labels, 5, 0.1) <= fog).all()


def test_rooftop_solar_takes_the_noon_and_leaves_the_evening(model: WattLabModel) -> None:
    """B16: what adoption does to the grid: midday demand falls, the peak after sunset stays."""
    state, power = model.state, model.power
    before = power.loads(state, 5)[BASE]
    start = state.consumers["solar_mw"].copy()
    state.consumers["solar_mw"] += 0.3 * state.consumers["solar_potential_mw"]
    after, replaced = power.loads(state, 5)[[BASE, SOLAR]]
    state.consumers["solar_mw"] = start
    assert (after[:, 12] < 0.8 * before[:, 12]).all()
    np.testing.assert_array_equal(after[:, 19:24], before[:, 19:24])
    np.testing.assert_allclose(before - after, replaced, rtol=1e-9, atol=1e-9)


def test_net_billing_makes_batteries_pay_and_solar_slower(model: WattLabModel) -> None:
    """B16: the buyback fell from 27 to 11 PKR in February 2026; per kW solar earns less, a battery more."""
    added = {}
    for buyback in (27.0, 11.0):
        consumers = model.state.consumers.copy()
        model.state.par["net_metering_buyback_local_per_kwh"] = buyback
        model.state.world["local_per_usd"] = 281.0
        for row in consumers:
            row.solar_mw, row.battery_mwh = 0.2 * row.solar_potential_mw, 0.0
            Consumer.adopt(row, model.state.world[0], model.state.policy[0], model.state.par[0])
        added[buyback] = (consumers["solar_mw"].sum(), consumers["battery_mwh"].sum())
    assert added[11.0][0] < added[27.0][0]
    assert added[11.0][1] > 2.0 * added[27.0][1] > 0.0


def test_a_month_that_makes_no_sense_is_refused_in_one_line() -> None:
    scenario = load_scenario("pakistan", "pakistan-status-quo", start="2025-06", months=3, population=NOBODY)
    broken = WattLabModel(scenario, 3)
    broken.power.plant_factor[2, 0] = np.nan
    broken.step()
    broken.step()
    with pytest.raises(ModelError, match=r"^dispatch case: \w+ has nan; allowed from 0 to \S+$"):
        broken.step()
