"""The tariff loop of the model: rest where nothing changes, arrears from what bills leave unpaid, who pays
for new load.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import brentq

import sim.model
from agents.base import new_records
from agents.consumer import Consumer
from agents.grid_operator import GridOperator
from agents.policy import Policy
from agents.world import World
from sim import load_scenario
from sim.ledger import ROWS, A, D, G, H, M, T
from sim.model import WattLabModel
from sim.parameters import parameter_record
from sim.tariffs import publish_tariffs
from tests.sim.lively import TINY, regime_file, run_months

VALUES = load_scenario().values()
ALONE = {"miners": 1, "world_miners": 2, "ai_firms": 1}
HOURS = 24


def run_year(operator, consumer, world, par, energy_usd_per_kwh: float, fixed_usd_per_month: float) -> None:
    """Twelve months of one consumer class with constant unit cost: bill, respond, review."""
    for _ in range(12):
        now = int(world.month) % 12
        sales_mwh = 1000.0 * consumer.demand_index
        operator.energy_cost_usd[now] = energy_usd_per_kwh * 1000.0 * sales_mwh
        operator.capacity_cost_usd[now] = fixed_usd_per_month
        operator.allowed_sales_mwh[now] = sales_mwh
        GridOperator.adjust_tariff(operator, world, None, par)
        consumer.tariff_usd_per_kwh = operator.base_tariff_usd_per_kwh + operator.fuel_adjustment_usd_per_kwh
        Consumer.respond(consumer, world, None, par)
        world.month += 1


def small_utility(elasticity: float):
    """An operator with one consumer class at rest at a tariff of 10 cents, and the records they read."""
    operator, consumer, world = (new_records(kind, 1)[0] for kind in (GridOperator, Consumer, World))
    consumer.reference_tariff_usd_per_kwh = consumer.tariff_usd_per_kwh = 0.10
    operator.base_tariff_usd_per_kwh, operator.reference_energy_usd_per_kwh = 0.10, 0.04
    operator.reference_tariff_usd_per_kwh = 0.10
    operator.network_cost_usd_per_year = 240_000.0
    # A year of accounts at rest lies behind: 4 cents of energy, 4 of capacity and 2 of network for every kWh
    operator.energy_cost_usd[:] = operator.capacity_cost_usd[:] = 40_000.0
    operator.allowed_sales_mwh[:] = 1000.0
    consumer.demand_index = 1.0
    consumer.short_elasticity = consumer.long_elasticity = elasticity
    par = parameter_record({**VALUES, "demand_growth_per_year": 0.0})[0]
    return operator, consumer, world, par


@pytest.mark.parametrize("fixed_usd_per_month", [40_000.0, 30_000.0, 60_000.0])
@pytest.mark.parametrize("elasticity", [0.0, 0.2, 0.4])
def test_the_tariff_comes_to_rest_where_it_covers_cost(elasticity, fixed_usd_per_month):
    """B12: p = c + F / D(p) with D = (p / p0) ** -e; the root is found here by bisection."""
    operator, consumer, world, par = small_utility(elasticity)
    for _ in range(60):
        run_year(operator, consumer, world, par, 0.04, fixed_usd_per_month)
    fixed = (12.0 * fixed_usd_per_month + 240_000.0) / 12e6
    root = brentq(lambda p: p - 0.04 - fixed * (p / 0.10) ** elasticity, 0.04, 1.0, xtol=1e-14)
    assert operator.base_tariff_usd_per_kwh == pytest.approx(root, rel=1e-9)
    assert consumer.demand_index == pytest.approx((root / 0.10) ** -elasticity, rel=1e-9)


def test_at_the_fixed_point_nothing_moves():
    operator, consumer, world, par = small_utility(0.3)
    for _ in range(3):
        run_year(operator, consumer, world, par, 0.04, 40_000.0)
        assert operator.base_tariff_usd_per_kwh == pytest.approx(0.10, rel=1e-12)
        assert operator.fuel_adjustment_usd_per_kwh == pytest.approx(0.0, abs=1e-15)
        assert consumer.demand_index == pytest.approx(1.0, rel=1e-12)


def test_dearer_fuel_is_passed_on_in_its_month_and_into_the_base_at_rebasing():
    operator, consumer, world, par = small_utility(0.0)
    run_year(operator, consumer, world, par, 0.04, 40_000.0)
    month = int(par.rebasing_month)
    world.month = month
    operator.energy_cost_usd[month] = 0.05 * 1e6
    operator.allowed_sales_mwh[month] = 1000.0
    GridOperator.adjust_tariff(operator, world, None, par)
    assert operator.fuel_adjustment_usd_per_kwh == pytest.approx(0.01, rel=1e-9)
    assert operator.base_tariff_usd_per_kwh == pytest.approx(0.10, rel=1e-12)
    for _ in range(2):
        run_year(operator, consumer, world, par, 0.05, 40_000.0)
    assert operator.base_tariff_usd_per_kwh == pytest.approx(0.11, rel=1e-9)


def still_world(scenario, seed, values, *, build=sim.model.build_drivers):
    """Drivers in which one average month repeats for ever."""
    drivers = build(scenario, seed, values)
    still = {}
    for field in dataclasses.fields(drivers):
        value = getattr(drivers, field.name)
        if field.name in ("labels", "height"):
            continue
        if field.name == "fuel_cost_usd_per_mwh":
            still[field.name] = {fuel: np.full_like(cost, cost[0]) for fuel, cost in value.items()}
        elif field.name == "plant_factor":
            still[field.name] = {}
        elif field.name == "days":
            still[field.name] = np.full_like(value, 30.4375)
        elif field.name == "month_of_year":
            still[field.name] = np.full_like(value, 10)
        else:
            still[field.name] = np.full_like(value, value[0])
    return dataclasses.replace(drivers, **still)


def test_without_news_the_countrys_tariff_stays_where_it_is(monkeypatch):
    """Constant cost, no new load, no response: after two rebasings the base tariff has found its fixed
    point.
    """
    monkeypatch.setattr(sim.model, "build_drivers", still_world)
    scenario = load_scenario(
        regime="pakistan-status-quo", months=32, drivers="simulated", population=ALONE,
        overrides={"demand_growth_per_year": 0.0, "ai_installed_mw_it": 0.0, "new_plant_delay_years": 4.0},
    )  # fmt: skip
    model = WattLabModel(scenario, 1)
    consumers = model.state.consumers
    consumers["short_elasticity"] = consumers["long_elasticity"] = 0.0
    consumers["solar_potential_mw"] = 0.0
    model.state.ai_firms["target_mw"] = 0.0
    model.state.miners["funds_usd"] = 0.0
    tariffs = []
    run_months(model, 32, lambda t: tariffs.append(model.state.operator[0].copy()))
    assert model.books.row["special_energy_mwh"] == 0.0
    later = tariffs[-1]
    assert later.base_tariff_usd_per_kwh == pytest.approx(tariffs[19].base_tariff_usd_per_kwh, rel=1e-9)
    assert later.fuel_adjustment_usd_per_kwh == pytest.approx(0.0, abs=1e-12)
    assert later.quarterly_adjustment_usd_per_kwh == pytest.approx(0.0, abs=1e-12)
    # B12: the base tariff is the cost per kWh that may be sold
    cost = later.energy_cost_usd.sum() + later.capacity_cost_usd.sum() + later.network_cost_usd_per_year
    sold_kwh = 1000.0 * later.allowed_sales_mwh.sum()
    assert later.base_tariff_usd_per_kwh == pytest.approx(cost / sold_kwh, rel=1e-9)


@pytest.fixture(scope="module")
def billed(tmp_path_factory) -> tuple[WattLabModel, list[dict[str, float]]]:
    """Ten months with licensed load, and the operator's accounts after each."""
    regime = regime_file(tmp_path_factory.mktemp("regimes"), "pakistan-2025", tariff_local_per_kwh=10.0)
    scenario = load_scenario(
        regime=regime, months=10, population=TINY,
        overrides={"lender_active": 0.0, "network_hash_start_ehs": 250.0, "recovery_share": 0.9},
    )  # fmt: skip
    model, rows = WattLabModel(scenario, 2), []

    def remember(t: int) -> None:
        accounts = model.books.power_accounts._asdict()
        rows.append({**model.books.row, **accounts, "stock": float(model.state.operator["arrears_usd"][0])})

    run_months(model, 10, remember)
    return model, rows


def test_arrears_grow_by_what_bills_and_subsidy_leave_unpaid(billed):
    model, rows = billed
    rates = model.drivers.local_per_usd
    stock = VALUES["circular_debt_local_bn"] * 1e9 / VALUES["local_per_usd"]
    for t, row in enumerate(rows):
        flows = {name: model.books.ledger.flows[t, i] for i, name in enumerate(ROWS)}
        cost = -sum(
            flows[name][D] for name in ("energy_purchase", "capacity_payments", "network", "interest")
        )
        collected, special = -flows["energy_bills"][H], -flows["energy_bills"][[M, A]].sum()
        subsidy = -flows["subsidy"][T]
        # A debt in local currency: depreciation lowers its dollar value before the month's flows
        stock *= rates[max(0, t - 1)] / rates[t]
        change = row["stock"] - stock
        assert change == pytest.approx(cost - collected - special - subsidy, abs=1e-6 * cost)
        assert collected == pytest.approx(0.9 * row["consumer_bill_usd"], rel=1e-12)
        interest = stock * VALUES["debt_interest_per_year"] / 12.0
        assert flows["interest"][G] == pytest.approx(interest, rel=1e-12)
        stock = row["stock"]
    assert sum(row["special_revenue_usd"] for row in rows) > 0.0


def test_consumers_are_billed_their_tariff_for_what_reached_them(billed):
    model, rows = billed
    consumers = model.state.consumers
    bill = (consumers["energy_mwh"] * 1000.0 * consumers["tariff_usd_per_kwh"]).sum()
    assert rows[-1]["consumer_bill_usd"] == pytest.approx(bill, rel=1e-12)
    mean = bill / (1000.0 * consumers["energy_mwh"].sum())
    assert rows[-1]["others_tariff_usd_per_kwh"] == pytest.approx(mean, rel=1e-12)


def published(rule: int, *, seen: dict[str, float] | None = None, **instruments: float) -> World:
    """Tariffs published from a marginal cost of 60 USD/MWh at night and 120 by day at 300 local per USD."""
    world, policy, operator = new_records(World, 1), new_records(Policy, 1), new_records(GridOperator, 1)
    government = new_records(sim.model.KINDS["government"], 1)
    government["tariff_factor"] = 1.0
    operator["base_tariff_usd_per_kwh"], operator["subsidy_usd_per_kwh"] = 0.12, 0.01
    operator["fuel_adjustment_usd_per_kwh"] = 0.004
    operator["reference_tariff_usd_per_kwh"] = 0.12
    for name, value in (seen or {}).items():
        government[name] = value
    policy["tariff_rule"] = rule
    for name, value in instruments.items():
        policy[name] = value
    marginal = np.where(np.arange(HOURS) < 12, 60.0, 120.0)
    par = parameter_record(VALUES)
    publish_tariffs(world, policy, par, operator, government, 300.0, marginal)
    return world[0]


SLIDE = VALUES["local_per_usd"] / 300.0
HALFWAY = 0.10 * math.sqrt(SLIDE)
UNIFORM = VALUES["average_tariff_local_per_kwh"] * (1.0 - VALUES["tariff_subsidy_share"])
INDUSTRIAL = 0.11 * VALUES["industrial_tariff_local_per_kwh"] / UNIFORM + 0.004
INDUSTRIAL += VALUES["debt_surcharge_local_per_kwh"] / 300.0
DELIVERED = 1.0 - VALUES["transmission_loss_share"]


@pytest.mark.parametrize(
    ("rule", "instruments", "night", "day"),
    [
        (0, {"tariff_local_per_kwh": 28.1, "tariff_indexation": 1.0}, 0.10, 0.10),
        (0, {"tariff_local_per_kwh": 28.1}, 0.10 * SLIDE, 0.10 * SLIDE),
        (0, {"tariff_local_per_kwh": 28.1, "tariff_indexation": 0.5}, HALFWAY, HALFWAY),
        (1, {"tariff_markup": 0.25}, 0.06 / DELIVERED * 1.25, 0.12 / DELIVERED * 1.25),
        (2, {"tariff_local_per_kwh": 28.1, "tariff_indexation": 1.0}, 0.104, 0.104),
        (3, {}, INDUSTRIAL, INDUSTRIAL),
    ],
)  # fmt: skip
def test_each_tariff_rule_sets_the_offer_it_describes(rule, instruments, night, day):
    world = published(rule, **instruments)
    offer = world.offer_tariff_usd_per_kwh
    assert offer[0] == pytest.approx(night, rel=1e-12)
    assert offer[12] == pytest.approx(day, rel=1e-12)
    assert world.offer_tariff_mean_usd_per_kwh == pytest.approx(offer.mean(), rel=1e-12)
    assert world.industrial_tariff_mean_usd_per_kwh == pytest.approx(INDUSTRIAL, rel=1e-12)
    assert world.marginal_cost_mean_usd_per_kwh == pytest.approx(0.09 / DELIVERED, rel=1e-12)


def test_time_of_use_is_dear_in_the_evening_only():
    offer = published(4).offer_tariff_usd_per_kwh
    peak = INDUSTRIAL * VALUES["tou_peak_ratio"]
    assert [hour for hour in range(HOURS) if offer[hour] == pytest.approx(peak)] == [17, 18, 19, 20]
    assert offer[3] == pytest.approx(INDUSTRIAL * VALUES["tou_offpeak_ratio"])


def test_hours_of_surplus_are_those_in_which_the_offer_covers_marginal_cost():
    world = published(0, tariff_local_per_kwh=28.1, tariff_indexation=1.0)
    assert world.surplus_hour.tolist() == [1.0] * 12 + [0.0] * 12


def test_the_government_may_cut_the_offer_and_add_a_levy():
    seen = {"tariff_factor": 0.8, "levy_added_usd_per_kwh": 0.002}
    world = published(0, seen=seen, tariff_local_per_kwh=28.1, tariff_indexation=1.0, levy_local_per_kwh=2.81)
    assert world.offer_tariff_mean_usd_per_kwh == pytest.approx(0.08, rel=1e-12)
    assert world.levy_usd_per_kwh == pytest.approx(0.01 * SLIDE + 0.002, rel=1e-12)
    assert published(3, seen=seen).offer_tariff_mean_usd_per_kwh == pytest.approx(INDUSTRIAL, rel=1e-12)


def test_the_progressive_levy_falls_on_cheap_power_only():
    levy = {"levy_cheap_power_local_per_kwh": 2.81, "tariff_indexation": 1.0}
    cheap = published(0, tariff_local_per_kwh=28.1, **levy)
    dear = published(0, tariff_local_per_kwh=36.0, **levy)
    assert cheap.levy_usd_per_kwh == pytest.approx(0.01 * SLIDE, rel=1e-12)
    assert dear.levy_usd_per_kwh == 0.0


def test_a_reversal_moves_the_offer_towards_the_industrial_tariff():
    world = published(0, seen={"reversed": 1}, tariff_local_per_kwh=28.1, tariff_indexation=1.0)
    moved = 0.10 + VALUES["reversal_event_tariff_share"] * (INDUSTRIAL - 0.10)
    assert world.offer_tariff_mean_usd_per_kwh == pytest.approx(moved, rel=1e-12)
