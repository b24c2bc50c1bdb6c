"""Every instrument moves what it should, in the direction it should, over paired seeds; at its neutral
value, or where its precondition is missing, it changes no bit of a run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import Scenario, instruments, load_scenario, simulate
from sim.regimes import Event, default_value
from tests.sim.lively import LIVELY

pytestmark = pytest.mark.slow
SEEDS = range(20)
LEAST_PAIRS, LEAST_SHARE = 8, 0.8
MONTHS = 14
POPULATION = {"miners": 24, "world_miners": 4, "ai_firms": 6}

# A cheap offer without lender, reversal or review, so that one instrument at a time decides
OFFER = {
    "mining_legal": True, "offer_open": True, "quota_mw": 2000.0, "mining_quota_share": 1.0,
    "allocation_rule": "first_come", "tariff_rule": "fixed", "tariff_local_per_kwh": 5.0,
    "tariff_indexation": 1.0, "contract_months": 0.0, "grandfathered": False, "licence_required": False,
    "licence_months": 0.0, "hardware_duty_rate": 0.0, "hardware_sales_tax_rate": 0.0,
    "inspections_per_month": 0.0, "fine_usd_per_mw": 0.0, "seizure_share": 0.0, "cutoff_months": 0.0,
    "aml_cost_usd_per_mw_year": 0.0, "ai_holiday_months": 0.0, "reversal_hazard_per_year": 0.0,
    "review_months": 0.0,
}  # fmt: skip
CLOSED = {"mining_legal": False, "offer_open": False, "quota_mw": 0.0}
RAIDS = {**CLOSED, "inspections_per_month": 10.0}
FINES = {**CLOSED, "inspections_per_month": 3.0, "fine_usd_per_mw": 1e4}
STATE = {**CLOSED, "mining_legal": True, "state_mining_mw": 20.0}
WATCHFUL = {
    "review_months": 1.0, "weight_revenue": 0.0, "weight_arrears": 0.0, "weight_shed": 0.0,
    "weight_jobs": 0.0, "weight_reserves": 0.0,
}  # fmt: skip
VALUES = {
    **LIVELY,
    "lender_active": 0.0,
    "smart_meter_share_start": 0.0,
    "meter_rollout_months": 12.0,
    "penalty_collected_share": 0.5,
}
# The price of connected sites is raised in the middle of the run
# So far that even the best machine does not earn its power
RISE = Event(after_months=8, source="a test", set={"tariff_local_per_kwh": 120.0})
RATIONED = {"connection_pace_mw_per_month": 10.0}
# Load that is seen in the accounts of a country, and a government that acts on small gaps
MANY = {
    "home_miner_size_median_mw": 10.0,
    "connection_pace_mw_per_month": 200.0,
    "government_choice_intensity": 20.0,
}
SLIDING = {"depreciation_per_year": 0.15}
# A levy that is raised month after month by a tenth of the tariff soon drives out those who pay it
SMALL_STEPS = {"government_step_share": 0.02}


@dataclass(frozen=True)
class Case:
    """An instrument from a low to a high value in a setting where it binds, and what follows."""

    instrument: str
    low: Any
    high: Any
    output: str
    sign: float
    setting: dict[str, Any] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    event: Event | None = None
    drivers: str = "replay"
    last: int = MONTHS


CASES = [
    Case("mining_legal", False, True, "mining_licensed_mw", +1),
    Case("offer_open", False, True, "mining_licensed_mw", +1),
    Case("quota_mw", 1.0, 2000.0, "mining_licensed_mw", +1),
    Case("mining_quota_share", 0.0, 1.0, "mining_licensed_mw", +1),
    Case("allocation_rule", "first_come", "surplus_hours", "mining_licensed_mw", -1),
    Case("allocation_rule", "first_come", "auction", "tax_auction_usd", +1, values=RATIONED),
    Case("allocation_rule", "first_come", "pro_rata", "mining_firms", +1, values=RATIONED),
    Case("allocation_rule", "first_come", "ai_first", "ai_pipeline_mw", +1, {"quota_mw": 40.0}),
    Case("tariff_rule", "fixed", "standard_industrial", "mining_licensed_mw", -1),
    Case("tariff_rule", "fixed", "marginal_cost_plus", "offer_tariff_usd_per_kwh", +1),
    Case("tariff_rule", "fixed", "incremental_package", "offer_tariff_usd_per_kwh", +1),
    Case("tariff_rule", "standard_industrial", "time_of_use", "offer_tariff_usd_per_kwh", -1),
    Case("tariff_local_per_kwh", 5.0, 20.0, "mining_licensed_mw", -1),
    Case("tariff_markup", 0.0, 1.0, "offer_tariff_usd_per_kwh", +1, {"tariff_rule": "marginal_cost_plus"}),
    Case("tariff_indexation", 0.0, 1.0, "offer_tariff_usd_per_kwh", +1, values=SLIDING, drivers="simulated"),
    Case("contract_months", 0.0, 60.0, "mining_licensed_mw", +1, {"grandfathered": True}, event=RISE),
    Case("grandfathered", False, True, "mining_licensed_mw", +1, {"contract_months": 60.0}, event=RISE),
    Case("interruption_hours_per_year", 0.0, 1000.0, "interrupted_mwh", +1),
    Case("pause_from_month", 0.0, 11.0, "mining_licensed_mw", -1, {"pause_to_month": 1.0}),
    Case("pause_to_month", 0.0, 1.0, "mining_licensed_mw", -1, {"pause_from_month": 11.0}),
    Case(
        "interruption_payment_local_per_kwh", 0.0, 20.0, "special_gap_usd", +1,
        {"interruption_hours_per_year": 1000.0},
    ),
    Case("levy_local_per_kwh", 0.0, 1.0, "tax_levy_usd", +1),
    Case("levy_cheap_power_local_per_kwh", 0.0, 1.0, "tax_levy_usd", +1),
    Case("licence_required", False, True, "mining_licensed_mw", -1, {"licence_months": 4.0}),
    Case("licence_fee_usd_per_mw_year", 0.0, 20_000.0, "tax_licence_usd", +1),
    Case("licence_months", 0.0, 4.0, "mining_licensed_mw", -1, {"licence_required": True}),
    Case("licence_cap_mw", 0.0, 0.1, "mining_licensed_mw", -1),
    Case("aml_cost_usd_per_mw_year", 0.0, 500_000.0, "mining_licensed_mw", -1),
    Case("income_tax_rate", 0.0, 0.3, "tax_income_usd", +1),
    Case("holiday_months", 0.0, 60.0, "foregone_tax_usd", +1),
    Case("turnover_tax_rate", 0.0, 0.1, "tax_turnover_usd", +1),
    Case("withholding_rate", 0.0, 0.1, "tax_withholding_usd", +1, {"onshore_sale_share": 1.0}),
    Case("hardware_duty_rate", 0.0, 0.1, "tax_duty_usd", +1),
    Case("hardware_sales_tax_rate", 0.0, 0.1, "tax_sales_usd", +1),
    Case("power_sales_tax_rate", 0.0, 0.1, "tax_sales_usd", +1),
    Case("onshore_sale_share", 0.0, 1.0, "fx_kept_abroad_usd", -1),
    Case("repatriation_share", 0.0, 1.0, "fx_profit_usd", +1, {}, {"foreign_miner_share": 0.6}),
    Case("inspections_per_month", 0.0, 40.0, "mining_theft_mw", -1, {**CLOSED, "seizure_share": 1.0}),
    Case("targeting_rule", "random", "largest_first", "tax_fines_usd", +1, FINES),
    Case("smart_meter_share", 0.0, 1.0, "metering_cost_usd", +1),
    Case("smart_meter_share", 0.0, 1.0, "mining_cases", +1, RAIDS, {"background_signature": 100.0}),
    Case("fine_usd_per_mw", 0.0, 1e6, "tax_fines_usd", +1, RAIDS),
    Case("seizure_share", 0.0, 1.0, "mining_theft_mw", -1, RAIDS),
    Case("cutoff_months", 0.0, 12.0, "mining_theft_mw", -1, RAIDS),
    Case("state_mining_mw", 0.0, 20.0, "mining_licensed_mw", +1, STATE),
    Case("state_partner_share", 0.0, 0.5, "state_coins_btc", -1, {**STATE, "reserve_share": 0.8}),
    Case("reserve_share", 0.0, 0.8, "state_coins_btc", +1, STATE),
    # Priority also shortens building, so the pipeline empties as well as fills: what runs at the end tells
    Case("ai_priority", False, True, "ai_it_mw", +1, {"quota_mw": 40.0}),
    Case("ai_holiday_months", 0.0, 120.0, "foregone_tax_usd", +1, {}, {"ai_installed_mw_it": 100.0}),
    Case("ai_anchor_demand_mw", 0.0, 1000.0, "ai_pipeline_mw", +1, {}, {"ai_domestic_demand_mw_it": 15.0}),
    Case("ai_anchor_demand_mw", 0.0, 1000.0, "net_fiscal_usd", -1, {}, {"ai_installed_mw_it": 40.0}),
    Case("training_places_per_month", 0.0, 500.0, "training_cost_usd", +1),
    Case("reversal_hazard_per_year", 0.0, 2.0, "quota_mw", -1),
    Case("review_months", 0.0, 1.0, "tax_levy_usd", +1, {**WATCHFUL, "weight_revenue": 10.0}),
    Case("weight_revenue", 0.0, 10.0, "tax_levy_usd", +1, WATCHFUL, SMALL_STEPS),
    Case(
        "weight_arrears", 0.0, 10.0, "quota_mw", -1, {**WATCHFUL, "tariff_local_per_kwh": 1.0}, MANY, last=1
    ),
    Case("ai_guarantee_points_per_year", 0.0, 0.05, "guarantee_cost_usd", +1),
    Case("weight_shed", 0.0, 10.0, "quota_mw", -1, WATCHFUL),
    Case("weight_jobs", 0.0, 10.0, "offer_tariff_usd_per_kwh", -1, WATCHFUL),
    # Reserves must fall for their weight to matter: no import of compute is saved here
    Case(
        "weight_reserves", 0.0, 10.0, "offer_tariff_usd_per_kwh", -1, WATCHFUL,
        {"compute_import_substitution_share": 0.0},
    ),
]  # fmt: skip


def scenario(settings: dict[str, Any], case: Case) -> Scenario:
    """The offer with settings held for the whole run, and the case's event."""
    held = {**OFFER, **settings}
    if case.event is not None:
        held = {key: value for key, value in held.items() if key not in case.event.set}
    chosen = load_scenario(
        regime="pakistan-2025", months=MONTHS, population=POPULATION, overrides={**VALUES, **case.values},
        instruments=held, drivers=case.drivers,
    )  # fmt: skip
    if case.event is None:
        return chosen
    first = {**chosen.regime_data.base, "tariff_local_per_kwh": OFFER["tariff_local_per_kwh"]}
    changed = chosen.regime_data.model_copy(update={"base": first, "event": [case.event]})
    return replace(chosen, regime_data=changed)


@cache
def months_of(scenario_json: str, seed: int) -> pd.DataFrame:
    """Monthly outputs of a scenario that ``RUNS`` knows by its text."""
    return simulate(RUNS[scenario_json], seed).months


RUNS: dict[str, Scenario] = {}


def means(chosen: Scenario, case: Case) -> np.ndarray:
    """Mean of the output over the last months by seed; equal scenarios of different cases run once."""
    text = chosen.canonical_json()
    RUNS[text] = chosen
    return np.array([months_of(text, seed)[case.output].iloc[-case.last :].mean() for seed in SEEDS])


def test_every_instrument_has_a_case():
    assert {case.instrument for case in CASES} == set(instruments())


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.instrument}-{c.high}-{c.output}")
def test_an_instrument_moves_what_it_should(case):
    low, high = (
        means(scenario({**case.setting, case.instrument: value}, case), case)
        for value in (case.low, case.high)
    )
    change = case.sign * (high - low)
    differing = change[change != 0.0]
    assert change.mean() > 0.0
    assert len(differing) >= LEAST_PAIRS
    assert (differing > 0.0).mean() >= LEAST_SHARE


def identical(a: Scenario, b: Scenario) -> bool:
    """Two runs are equal to the last bit in every output of every month."""
    first, second = simulate(a, 3).months, simulate(b, 3).months
    return first.to_numpy().tobytes() == second.to_numpy().tobytes()


def bare(settings: dict[str, Any]) -> Scenario:
    """A regime that names only what is needed for a cheap offer, and the settings."""
    needed = ("mining_legal", "offer_open", "quota_mw", "tariff_rule", "tariff_local_per_kwh")
    chosen = load_scenario(
        regime="pakistan-2025", months=MONTHS, population=POPULATION, overrides=VALUES, instruments={}
    )
    base = {name: OFFER[name] for name in needed} | settings
    return replace(chosen, regime_data=chosen.regime_data.model_copy(update={"base": base, "event": []}))


@pytest.mark.parametrize("name", sorted(instruments()))
def test_an_instrument_at_its_neutral_value_does_nothing(name):
    """Naming an instrument at its default gives the run of a regime that does not name it, bit by bit."""
    neutral = default_value(instruments()[name])
    without = bare({})
    base = {key: value for key, value in without.regime_data.base.items() if key != name}
    silent = replace(without, regime_data=without.regime_data.model_copy(update={"base": base}))
    assert identical(silent, bare({name: neutral}))


@pytest.mark.parametrize(
    ("gate", "name", "values"),
    [
        ({"tariff_rule": "standard_industrial"}, "tariff_local_per_kwh", (1.0, 30.0)),
        ({"tariff_rule": "fixed"}, "tariff_markup", (0.0, 1.0)),
        ({"grandfathered": False}, "contract_months", (0.0, 60.0)),
        ({"licence_required": False}, "licence_months", (0.0, 12.0)),
        ({"withholding_rate": 0.0, "offer_open": False}, "onshore_sale_share", (0.0, 1.0)),
        ({"onshore_sale_share": 0.0}, "withholding_rate", (0.0, 0.2)),
        ({"inspections_per_month": 0.0}, "seizure_share", (0.0, 1.0)),
        ({"inspections_per_month": 0.0}, "targeting_rule", ("random", "largest_first")),
        ({"state_mining_mw": 0.0}, "reserve_share", (0.0, 1.0)),
        ({"state_mining_mw": 0.0}, "state_partner_share", (0.0, 1.0)),
        ({"pause_to_month": 0.0}, "pause_from_month", (0.0, 6.0)),
        ({"interruption_hours_per_year": 0.0}, "interruption_payment_local_per_kwh", (0.0, 30.0)),
        ({"review_months": 0.0}, "weight_revenue", (0.0, 10.0)),
        ({"mining_legal": False, "offer_open": False}, "licence_cap_mw", (0.0, 1.0)),
        ({"mining_legal": False}, "aml_cost_usd_per_mw_year", (0.0, 9e5)),
    ],
)
def test_an_instrument_without_its_precondition_does_nothing(gate, name, values):
    low, high = (bare({**gate, name: value}) for value in values)
    assert identical(low, high)
