"""People, machines, energy and money stocks: recomputed from the agents' records, month by month (design
1.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from sim.invariants import (
    STOCKS,
    InvariantError,
    check_energy,
    check_hardware,
    check_people,
    check_stocks,
    people,
    people_gaps,
)  # fmt: skip
from sim.model import WattLabModel
from sim.power import MonthOfPower
from sim.state import flow_view
from tests.sim.lively import lively_scenario, regime_file, run_months

MONTHS = 10
Records = dict[str, np.ndarray]


@dataclass
class Month:
    """Copies of all records at the moments of a month that matter for its stocks."""

    opening: Records
    built: Records = field(default_factory=dict)
    running: Records = field(default_factory=dict)
    closing: Records = field(default_factory=dict)
    power: MonthOfPower | None = None
    plant_limit_mw: np.ndarray | None = None
    water_mwh: np.ndarray | None = None
    link_limit_mw: float = 0.0


@dataclass
class Diary:
    """A small country after some months, and the records at the turns of every month."""

    model: WattLabModel
    months: list[Month]


def snapshot(model: WattLabModel) -> Records:
    kinds = ("miners", "world_miners", "ai_firms", "consumers", "skills", "world", "par", "operator")
    return {kind: getattr(model.state, kind).copy() for kind in kinds}


@pytest.fixture(scope="module")
def diary(tmp_path_factory) -> Diary:
    regime = regime_file(
        tmp_path_factory.mktemp("regimes"),
        "pakistan-2025",
        tariff_local_per_kwh=8.0,
        interruption_hours_per_year=2000.0,
        inspections_per_month=8.0,
        training_places_per_month=100.0,
    )
    model = WattLabModel(lively_scenario(regime, MONTHS, lender_active=0.0, rlng_group_cap_mw=1500.0), seed=3)
    months = [Month(snapshot(model))]
    build, dispatch = model.build_and_connect, model.power.run_month

    def build_and_remember() -> None:
        build()
        months[-1].built = snapshot(model)

    def dispatch_and_remember(state, t):
        month = months[-1]
        month.running = snapshot(model)
        month.power = dispatch(state, t)
        calendar = model.drivers.month_of_year[t] - 1
        month.plant_limit_mw = model.power.max_mw[calendar] * model.power.plant_factor[t][:, None]
        month.plant_limit_mw[model.power.limited] = model.power.capacity[model.power.limited, None]
        water = model.power.capacity * model.power.availability[:, calendar] * model.drivers.hydro_factor[t]
        month.water_mwh = np.where(model.power.limited, water * 24.0 * model.drivers.days[t], np.inf)
        month.link_limit_mw = model.values["link_mw"] * model.drivers.link_factor[t]
        return month.power

    def close(t: int) -> None:
        months[-1].closing = snapshot(model)
        if t + 1 < MONTHS:
            months.append(Month(snapshot(model)))

    model.build_and_connect, model.power.run_month = build_and_remember, dispatch_and_remember
    run_months(model, MONTHS, close)
    return Diary(model, months)


def test_the_months_watched_are_lively(diary):
    last = diary.months[-1].closing
    assert {0, 2} <= set(last["miners"]["compliance"][last["miners"]["active"] == 1])
    assert any(month.closing["miners"]["caught"].any() for month in diary.months)
    assert any(month.closing["miners"]["seized_ths"].any() for month in diary.months)
    assert any(month.power.result.interrupted_mw.sum() > 0.0 for month in diary.months)
    assert any(month.closing["skills"]["matches"].sum() > 0.0 for month in diary.months)


def test_people_of_a_skill_come_and_go_only_by_recorded_moves(diary):
    for month in diary.months:
        before, after = month.opening["skills"], month.closing["skills"]
        heads = sum(after[name] - before[name] for name in ("available", "employed", "elsewhere"))
        heads = heads + (after["training"] - before["training"]).sum(axis=1)
        moved = after["entered"] - after["emigrated"] - after["left_field"]
        assert heads == pytest.approx(moved, abs=1e-9 * after["elsewhere"].max())


def test_people_employed_are_the_staff_of_the_firms(diary):
    for month in diary.months:
        after = month.closing
        firms = [after[kind][column] for kind in ("miners", "ai_firms") for column in ("staff", "builders")]
        staff = sum(column.sum(axis=0) for column in firms)
        assert after["skills"]["employed"] == pytest.approx(staff, rel=1e-9, abs=1e-9)


def machines_ths(records: Records) -> np.ndarray:
    """Every mining machine of the world by generation: in fleets, ordered, on the way to dealers, with
    dealers, TH/s.
    """
    total = records["world"]["used_stock_ths"][0].copy()
    for kind in ("miners", "world_miners"):
        firms = records[kind]
        total += (firms["fleet_ths"] + firms["sold_ths"]).sum(axis=0)
        for order in ("order", "used_order"):
            np.add.at(total, firms[f"{order}_generation"], firms[f"{order}_ths"])
    return total


def new_orders_ths(month: Month) -> np.ndarray:
    """Machines ordered from makers this month by generation: orders that were not there before."""
    total = np.zeros(month.opening["world"]["used_stock_ths"].shape[1])
    for kind in ("miners", "world_miners"):
        before, after = month.opening[kind], month.built[kind]
        fresh = (before["order_ths"] == 0.0) & (after["order_ths"] > 0.0)
        np.add.at(total, after["order_generation"][fresh], after["order_ths"][fresh])
    return total


def scrapped_ths(month: Month) -> np.ndarray:
    """What dealers scrapped after the month's trade and what failed then, by generation: shares of stock and
    fleets, the rest of which are left.
    """
    share, failed = (
        month.built["par"][name][0] for name in ("used_scrap_per_month", "rig_failure_per_month")
    )
    fleets = sum(month.built[kind]["fleet_ths"].sum(axis=0) for kind in ("miners", "world_miners"))
    left = month.built["world"]["used_stock_ths"][0] * share / (1.0 - share)
    return left + fleets * failed / (1.0 - failed)


def test_machines_of_a_generation_change_only_by_makers_orders_and_scrapping(diary):
    for month in diary.months:
        before, after = machines_ths(month.opening), machines_ths(month.closing)
        expected = before + new_orders_ths(month) - scrapped_ths(month)
        assert after == pytest.approx(expected, abs=1e-9 * before.sum())


def test_machines_are_ordered_sold_and_scrapped_in_the_months_watched(diary):
    assert sum(new_orders_ths(month).sum() for month in diary.months) > 0.0
    assert sum(scrapped_ths(month).sum() for month in diary.months) > 0.0


def wanted_mw(diary: Diary, month: Month) -> np.ndarray:
    """Load by zone and hour at the generation end, added up agent by agent."""
    zones = len(diary.model.scenario.country_data.zones)
    demand = np.zeros((zones, 24))
    delivery = 1.0 - diary.model.values["transmission_loss_share"]
    for firm in (*month.running["miners"], *month.running["ai_firms"]):
        demand[firm["zone"]] += firm["load_mw"] / delivery
    for consumers in month.closing["consumers"]:
        demand[consumers["zone"]] += consumers["load_mw"]
    return demand


def test_energy_balances_in_every_zone_and_hour(diary):
    plant_zone = diary.model.power.zone
    for month in diary.months:
        demand, result = wanted_mw(diary, month), month.power.result
        imports = (-result.flow_mw, result.flow_mw)
        for zone, wanted in enumerate(demand):
            generated = result.gen_mw[plant_zone == zone].sum(axis=0)
            unserved = result.shed_mw[zone] + result.interrupted_mw[zone]
            supplied = generated + imports[zone] - result.over_mw[zone]
            assert supplied == pytest.approx(wanted - unserved, rel=1e-9)


def test_dispatch_stays_within_plants_link_and_load(diary):
    for month in diary.months:
        result, demand = month.power.result, wanted_mw(diary, month)
        slack = 1e-9 * demand.max()
        assert (result.gen_mw <= month.plant_limit_mw + slack).all()
        assert (result.gen_mw.sum(axis=1) * month.power.days <= month.water_mwh * (1.0 + 1e-9)).all()
        assert (np.abs(result.flow_mw) <= month.link_limit_mw + slack).all()
        assert (result.shed_mw + result.interrupted_mw <= demand + slack).all()
        for part in (result.gen_mw, result.shed_mw, result.interrupted_mw, result.over_mw):
            assert part.min() >= -slack


def test_generation_is_what_was_billed_stolen_lost_or_curtailed(diary):
    """Energy of the month: every MWh generated and not curtailed reached somebody or was lost on the way
    to him.
    """
    values = diary.model.values
    transmission = 1.0 - values["transmission_loss_share"]
    for month in diary.months:
        consumers_end = transmission * (1.0 - month.running["operator"]["loss_share"][0])
        days, served = month.power.days, month.closing["world"]["firm_served_share"][0]
        mining_mwh = month.closing["miners"]["energy_mwh"].sum()
        ai_mwh = (month.running["ai_firms"]["load_mw"] * served).sum() * days
        others_mwh = month.closing["consumers"]["energy_mwh"].sum()
        used = others_mwh / consumers_end + (mining_mwh + ai_mwh) / transmission
        curtailed = month.power.result.over_mw.sum() * days
        assert month.power.generation_mwh - curtailed == pytest.approx(used, rel=1e-9)


def test_no_stock_is_negative_or_without_a_value(diary):
    for month in diary.months:
        for kind in ("miners", "world_miners", "ai_firms", "skills", "consumers"):
            records = month.closing[kind]
            for name in records.dtype.names:
                assert np.isfinite(records[name]).all(), (kind, name)
            for name in set(STOCKS[kind]) | ({"staff", "builders", "applied_mw"} & set(records.dtype.names)):
                assert records[name].min() >= -1e-6, (kind, name)
        assert month.closing["world"]["used_stock_ths"].min() >= 0.0


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in STOCKS.items() for name in names if kind != "operator"]
)
@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_a_negative_or_missing_stock_is_found(diary, kind, name, value):
    state = diary.model.state
    kept = state.agents(kind)[name].copy()
    check_stocks("2030-01", state)
    try:
        state.agents(kind)[name][-1] = value
        with pytest.raises(InvariantError, match=f"2030-01: {name} of {kind} is"):
            check_stocks("2030-01", state)
    finally:
        state.agents(kind)[name] = kept


def test_people_from_nowhere_are_found(diary):
    state = diary.model.state
    before = diary.months[-1].opening["skills"]
    heads = before["training"].sum(axis=1) + before["available"] + before["employed"] + before["elsewhere"]
    jobs = state.skills["employed"].copy()[None, :]
    check_people("2030-01", *people_gaps(state.skills, heads, people(state.skills), jobs))
    heads[2] += 0.1
    with pytest.raises(InvariantError, match=r"2030-01: 0\.1 people appeared or vanished"):
        check_people("2030-01", *people_gaps(state.skills, heads, people(state.skills), jobs))
    heads[2] -= 0.1
    jobs[0, 1] += 0.1
    with pytest.raises(InvariantError, match=r"2030-01: firms and labour market differ by 0\.1 jobs"):
        check_people("2030-01", *people_gaps(state.skills, heads, people(state.skills), jobs))
    jobs[0, 1] -= 0.1
    heads[2] = np.nan
    with pytest.raises(InvariantError, match="2030-01: nan people appeared or vanished"):
        check_people("2030-01", *people_gaps(state.skills, heads, people(state.skills), jobs))


def test_only_firms_that_are_active_or_have_just_left_have_flows(diary):
    seen = 0
    for month in diary.months:
        for kind in ("miners", "world_miners", "ai_firms"):
            records = month.closing[kind]
            idle = (records["active"] == 0) & (records["left"] == 0)
            assert not flow_view(records)[idle].any()
            seen += idle.sum()
    assert seen > 0


def test_wages_paid_are_wages_received(diary):
    """Households get what firms pay local staff, the world what they pay expatriates; nobody else gets
    any.
    """
    ledger = diary.model.books.ledger
    for month, frame in zip(diary.months, range(len(diary.months)), strict=True):
        table = ledger.matrix(frame).loc["wages"]
        closing = month.closing
        paid = sum(closing[kind]["wages_usd"].sum() for kind in ("miners", "ai_firms"))
        abroad = sum(closing[kind]["expat_wages_usd"].sum() for kind in ("miners", "ai_firms"))
        assert table["households"] == pytest.approx(paid, rel=1e-12)
        assert table["world"] == pytest.approx(abroad, rel=1e-12)
        assert table.sum() == pytest.approx(0.0, abs=1e-6)
        wage = closing["world"]["wage_usd_per_month"][0]
        payroll = sum((closing[kind]["staff"] + closing[kind]["builders"]).sum(axis=0) @ wage
                      for kind in ("miners", "ai_firms"))  # fmt: skip
        assert paid <= payroll * (1.0 + 1e-12)
        assert paid > 0.0


def test_machines_from_nowhere_are_found():
    check_hardware("2030-01", 1e8, 1.1e8, 2e7, 1e7)
    with pytest.raises(InvariantError, match="2030-01: 5 TH/s of machines appeared or vanished"):
        check_hardware("2030-01", 1e8, 1.1e8 + 5.0, 2e7, 1e7)


@pytest.mark.parametrize("part", ["gen_mw", "shed_mw", "interrupted_mw", "over_mw", "flow_mw"])
def test_energy_from_nowhere_is_found(diary, part):
    month, zone = diary.months[-1], diary.model.power.zone
    demand, result = month.power.demand_mw, month.power.result
    check_energy("2030-01", demand, zone, result)
    changed = getattr(result, part).copy()
    changed[..., 12] += 1e-6 * demand.max()
    with pytest.raises(InvariantError, match=r"2030-01: energy of zone [01] is off by"):
        check_energy("2030-01", demand, zone, result._replace(**{part: changed}))
    changed[..., 12] = np.nan
    with pytest.raises(InvariantError, match=r"2030-01: energy of zone [01] is off by nan MW"):
        check_energy("2030-01", demand, zone, result._replace(**{part: changed}))
