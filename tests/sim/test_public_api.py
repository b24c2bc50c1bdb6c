"""What notebooks and programs see: simulate() and its result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim import Result, ScenarioError, load_scenario, outputs, simulate
from sim.books import TYPICAL_MONTHS
from sim.grid_outputs import four_seasons
from sim.ledger import ROWS, SECTORS
from sim.model import WattLabModel
from sim.state import KINDS
from tests.sim.lively import TINY, lively_scenario, run_months

MONTHS = 8

ZONE_COLUMNS = ("demand", "shed", "surplus", "surplus_cheap", "surplus_dear")


@pytest.fixture(scope="module")
def result() -> Result:
    return simulate(lively_scenario(months=MONTHS), 7)


def test_the_public_names_are_importable():
    assert all(hasattr(sim, name) for name in sim.__all__)
    assert {"load_scenario", "simulate", "Result", "Scenario", "parameters", "outputs"} <= set(sim.__all__)


def test_months_have_one_row_per_month_and_units(result):
    assert result.months.index.name == "month"
    assert list(result.months.index) == [
        "2025-06", "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01",
    ]  # fmt: skip
    assert list(result.months) == list(outputs())
    assert result.months.attrs["units"] == {name: item.unit for name, item in outputs().items()}
    assert np.isfinite(result.months.to_numpy()).all()


def test_the_result_remembers_what_was_run(result):
    assert (result.seed, result.engine, result.scenario.country, result.scenario.regime) == (
        7, "columns", "pakistan", "pakistan-2025",
    )  # fmt: skip
    assert result.wall_s > 0.0


def test_the_summary_aggregates_as_the_registry_says(result):
    summary = result.summary()
    assert summary.keys() == outputs().keys()
    table = result.months
    expected = {
        "tax_total_usd": table["tax_total_usd"].sum(),
        "hashprice_usd_per_ph_day": table["hashprice_usd_per_ph_day"].mean(),
        "arrears_usd": table["arrears_usd"].iloc[-1],
    }
    for name, value in expected.items():
        assert summary[name]["value"] == pytest.approx(value, rel=1e-12), name
        assert summary[name]["unit"] == outputs()[name].unit
    assert all(isinstance(entry["value"], float) for entry in summary.values())


def test_agents_are_tables_by_kind_with_one_row_each(result):
    assert result.agents.keys() == KINDS.keys()
    sizes = {kind: len(table) for kind, table in result.agents.items()}
    assert sizes == result.scenario.sizes()
    miners = result.agents["miners"]
    assert miners["agent_id"].tolist() == list(range(TINY["miners"]))
    assert [name for name in miners if name.startswith("load_mw_")] == [
        f"load_mw_{hour:02d}" for hour in range(24)
    ]
    active = miners["active"] == 1
    assert active.sum() == result.months["mining_firms"].iloc[-1]
    consumers = result.agents["consumers"]
    assert consumers["solar_mw"].sum() == pytest.approx(result.months["solar_mw"].iloc[-1], rel=1e-12)


def test_the_ledger_comes_as_a_long_table_and_as_monthly_matrices(result):
    frame = result.ledger.frame()
    assert list(frame) == ["month", "row", "sector", "usd"]
    assert len(frame) == MONTHS * len(ROWS) * len(SECTORS)
    wages = frame[(frame["row"] == "wages") & (frame["sector"] == "households")]["usd"]
    assert wages.sum() == pytest.approx(result.months["wages_usd"].sum(), rel=1e-9)
    scale = frame["usd"].abs().max()
    assert frame.groupby(["month", "row"])["usd"].sum().abs().max() <= 1e-8 * scale
    matrix = result.ledger.matrix(MONTHS - 1)
    assert list(matrix.index) == [*ROWS, "change_in_deposits"]
    assert list(matrix) == list(SECTORS)
    assert matrix.sum(axis=0).abs().max() <= 1e-8 * scale
    assert matrix.sum(axis=1).abs().max() <= 1e-8 * scale


def test_typical_days_have_24_hours_a_season(result):
    days = result.days
    assert set(days["season"]) == {"summer", "autumn", "winter"}
    assert days.groupby("season")["hour"].apply(list).map(lambda hours: hours == list(range(24))).all()
    technologies = {plant.technology for plant in result.scenario.country_data.plant}
    loads = {"season", "hour", "load_mw", "mining_mw", "ai_mw", "solar_mw", "price_usd_per_mwh"}
    names = {"utility_solar" if name == "solar" else name for name in technologies}
    zones = result.scenario.country_data.zones
    by_zone = {f"{what}_{zone}_mw" for what in ZONE_COLUMNS for zone in zones} | {"flow_mw"}
    by_zone |= {f"price_{zone}_usd_per_mwh" for zone in zones}
    for technology, zone in {(plant.technology, plant.zone) for plant in result.scenario.country_data.plant}:
        group = f"{technology}_{zone}"
        by_zone |= {f"run_{group}_mw", f"able_{group}_mw", f"cost_{group}_usd_per_mwh"}
        assert (days[f"run_{group}_mw"] <= days[f"able_{group}_mw"] * (1.0 + 1e-9)).all()
    assert set(days) == loads | {f"{name}_mw" for name in names} | by_zone
    assert days[[name for name in days if name.endswith("_mw") and name != "flow_mw"]].to_numpy().min() >= 0.0
    parts = [name for name in days if name.startswith("run_")]
    whole = [f"{name}_mw" for name in names]
    np.testing.assert_allclose(days[parts].sum(axis=1), days[whole].sum(axis=1), rtol=1e-12)
    assert days["ai_mw"].max() > 0.0


def test_a_typical_day_is_the_mean_over_the_months_of_its_season():
    model = WattLabModel(lively_scenario(months=5), 7)
    loads: list[np.ndarray] = []
    dispatch = model.power.run_month

    def dispatch_and_remember(state, t):
        power = dispatch(state, t)
        loads.append(power.base_mw.sum(axis=0))
        return power

    model.power.run_month = dispatch_and_remember
    run_months(model, 5)
    days = model.books.typical_days()
    summer = days[days["season"] == "summer"]["load_mw"].to_numpy()
    assert summer == pytest.approx(np.mean(loads[:4], axis=0), rel=1e-12)
    assert days[days["season"] == "autumn"]["load_mw"].to_numpy() == pytest.approx(loads[4], rel=1e-12)


@pytest.mark.parametrize(
    ("months", "season"),
    [((12, 1, 2), "winter"), ((3, 4, 5), "spring"), ((6, 7, 8, 9), "summer"), ((10, 11), "autumn")],
)
def test_seasons_of_the_typical_day(months, season):
    assert {four_seasons(month) for month in months} == {season}


def test_typical_days_cover_the_last_two_years_only():
    assert TYPICAL_MONTHS == 24


def test_progress_is_reported_month_by_month():
    seen: list[int] = []
    simulate(lively_scenario(months=3), 1, on_month=seen.append)
    assert seen == [1, 2, 3]


def test_an_error_inside_a_run_reaches_the_caller():
    def stop(months_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(lively_scenario(months=3), 1, on_month=stop)


def test_a_wrong_engine_is_refused_before_anything_runs():
    with pytest.raises(ScenarioError, match="engine = 'wind'"):
        simulate(lively_scenario(months=3), 1, engine="wind")


@pytest.mark.parametrize("country", sim.list_countries())
def test_every_country_hosts_a_run(country):
    scenario = load_scenario(
        country=country, regime="pakistan-2025", months=2, drivers="simulated", population=TINY
    )
    months = simulate(scenario, 1).months
    assert np.isfinite(months.to_numpy()).all()
    assert months["generation_mwh"].min() > 0.0
    assert months["local_per_usd"].iloc[0] == pytest.approx(scenario.values()["local_per_usd"], rel=1e-12)


@pytest.mark.parametrize("regime", sim.list_regimes())
def test_every_regime_runs_to_its_end(regime):
    months = simulate(lively_scenario(regime, 6), 11).months
    assert isinstance(months, pd.DataFrame)
    assert np.isfinite(months.to_numpy()).all()
    assert months["mining_mw"].to_numpy() == pytest.approx(
        months[["mining_licensed_mw", "mining_grey_mw", "mining_theft_mw"]].sum(axis=1).to_numpy(), rel=1e-12
    )
    taxes = [name for name in months if name.startswith("tax_") and name != "tax_total_usd"]
    total = months[[*taxes, "state_mining_usd"]].sum(axis=1)
    assert months["tax_total_usd"].to_numpy() == pytest.approx(total.to_numpy(), rel=1e-9, abs=1e-6)
    net = months["tax_total_usd"] - months["public_cost_usd"] - months["special_gap_treasury_usd"]
    assert months["net_fiscal_usd"].to_numpy() == pytest.approx(net.to_numpy(), rel=1e-9, abs=1e-3)
    jobs = months[["jobs_construction", "jobs_operations", "jobs_indirect", "jobs_induced"]].sum(axis=1)
    assert months["jobs_total"].to_numpy() == pytest.approx(jobs.to_numpy(), rel=1e-12)
