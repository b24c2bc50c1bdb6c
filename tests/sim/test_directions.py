"""Which way a change of policy moves an outcome: paired seeds, strict sign of the mean, four of five pairs
agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import Scenario, load_scenario, simulate
from sim.model import WattLabModel
from tests.sim.lively import regime_file, run_months

pytestmark = pytest.mark.slow
SEEDS = range(20)
MONTHS = 36
LEAST_PAIRS, LEAST_SHARE = 8, 0.8
Measure = Callable[[pd.DataFrame], float]

MINERS = {"miners": 60, "world_miners": 16, "ai_firms": 2}
AI_FIRMS = {"miners": 4, "world_miners": 4, "ai_firms": 24}
# Sites as lean and as quick as the cheapest abroad, at which a cheap offer pays in many seeds
LEAN = {"mining_site_capex_usd_per_mw": 300_000.0, "mining_build_months": 3.0}
BOTH = {"miners": 60, "world_miners": 12, "ai_firms": 24}
# Neither the lender nor a changing government stands between an instrument and its effect
STEADY = {"review_months": 0.0, "reversal_hazard_per_year": 0.0}
# Demand and chips in plenty, so that return, country risk and licences decide on AI projects
AI_BOOM = {
    "lender_active": 0.0,
    "ai_consider_probability_per_month": 0.5,
    "ai_connection_months": 0.0,
    "ai_build_months": 12.0,
    "ai_funds_over_stage_cost": 4.0,
    "ai_hurdle_npv_mean": 0.0,
    "ai_domestic_demand_mw_it": 1000.0,
    "ai_export_demand_mw_it": 1000.0,
    "chip_licence_delay_months": 3.0,
    "chip_cap_gpus_per_year": 1_000_000.0,
}

# Compute at the world price, so that a cent of power is not lost in the margin of a protected market
THIN_MARGINS = {**AI_BOOM, "ai_domestic_price_premium": 1.0, "world_funds_share": 1.0}


def scenario(regime: str, population: dict[str, int], **overrides: float) -> Scenario:
    return load_scenario(regime=regime, months=MONTHS, population=population, overrides=overrides)


def outcomes(chosen: Scenario, measure: Measure) -> np.ndarray:
    return np.array([measure(simulate(chosen, seed).months) for seed in SEEDS])


def mean_of(name: str) -> Measure:
    return lambda months: float(months[name].mean())


def ai_built_mw(months: pd.DataFrame) -> float:
    """AI capacity that stands or is under construction, mean over the run."""
    return float((months["ai_it_mw"] + months["ai_pipeline_mw"]).mean())


def assert_direction(low: np.ndarray, high: np.ndarray, sign: float) -> None:
    """The mean difference has the sign, and so have four of five of the pairs that differ at all."""
    change = sign * (high - low)
    differing = change[change != 0.0]
    assert change.mean() > 0.0
    assert len(differing) >= LEAST_PAIRS
    assert (differing > 0.0).mean() >= LEAST_SHARE


def test_a_cheap_offer_raises_licensed_mining(tmp_path):
    regimes = [
        regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=price, **STEADY) for price in (23.0, 3.0)
    ]
    dear, cheap = (
        outcomes(scenario(regime, MINERS, lender_active=0.0), mean_of("mining_licensed_mw"))
        for regime in regimes
    )
    assert_direction(dear, cheap, +1.0)


def test_a_lender_keeps_a_cheap_offer_from_being_used(tmp_path):
    regime = regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=5.0, **STEADY)
    with_lender, without = (
        outcomes(scenario(regime, MINERS, lender_active=active, **LEAN), mean_of("energised_mw"))
        for active in (1.0, 0.0)
    )
    assert_direction(with_lender, without, +1.0)


def test_more_inspections_lower_theft(tmp_path):
    regimes = [regime_file(tmp_path, "pakistan-status-quo", inspections_per_month=n) for n in (0.0, 40.0)]
    none, many = (outcomes(scenario(regime, MINERS), mean_of("mining_theft_mw")) for regime in regimes)
    assert_direction(none, many, -1.0)


@pytest.mark.parametrize(
    ("harsher", "milder"),
    [
        ({"fine_usd_per_mw": 5e6, "seizure_share": 0.0}, {"fine_usd_per_mw": 0.0, "seizure_share": 0.0}),
        ({"fine_usd_per_mw": 0.0, "seizure_share": 1.0}, {"fine_usd_per_mw": 0.0, "seizure_share": 0.0}),
    ],
    ids=["fine", "seizure"],
)
def test_harsher_penalties_lower_theft(tmp_path, harsher, milder):
    low, high = (
        outcomes(
            scenario(
                regime_file(tmp_path, "pakistan-status-quo", inspections_per_month=4.0, **penalty),
                MINERS,
                background_signature=10.0,
                penalty_collected_share=0.5,
            ),
            mean_of("mining_theft_mw"),
        )
        for penalty in (milder, harsher)
    )
    assert_direction(low, high, -1.0)


def test_a_levy_brings_revenue_where_licensed_miners_run(tmp_path):
    regimes = [
        regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=5.0, levy_local_per_kwh=levy, **STEADY)
        for levy in (0.0, 1.0)
    ]
    without, levied = (
        outcomes(scenario(regime, MINERS, lender_active=0.0, **LEAN), mean_of("tax_levy_usd"))
        for regime in regimes
    )
    assert (without == 0.0).all()
    assert_direction(without, levied, +1.0)


def test_easier_chip_licences_raise_ai():
    rare, common = (
        outcomes(scenario("pakistan-2025", AI_FIRMS, **AI_BOOM, chip_licence_success=chance), ai_built_mw)
        for chance in (0.5, 0.9)
    )
    assert_direction(rare, common, +1.0)


def built_at_risk(premium_per_year: float, seed: int) -> float:
    """AI capacity when country risk moves to a premium on the first day, for firms that were founded at 10
    %.
    """
    chosen = scenario("pakistan-2025", AI_FIRMS, **AI_BOOM, country_risk_premium=0.10)
    model = WattLabModel(chosen, seed)
    model.state.par["country_risk_premium"] = premium_per_year
    run_months(model, MONTHS)
    return ai_built_mw(model.books.outputs())


def test_a_rise_of_country_risk_lowers_ai_investment():
    low, high = (np.array([built_at_risk(premium, seed) for seed in SEEDS]) for premium in (0.06, 0.14))
    assert_direction(low, high, -1.0)


def test_the_price_of_power_moves_mining_far_more_than_ai(tmp_path):
    """One US cent on 8 PKR/kWh (2.8 cents): elasticity of capacity, from the means over paired seeds."""
    prices = (8.0, 8.0 + 2.81)
    regimes = [
        regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=price, **STEADY) for price in prices
    ]
    runs = [
        [simulate(scenario(regime, BOTH, **THIN_MARGINS, **LEAN), seed).months for seed in SEEDS]
        for regime in regimes
    ]
    change = {}
    for name, measure in (("mining", mean_of("mining_licensed_mw")), ("ai", ai_built_mw)):
        cheap, dear = (np.array([measure(months) for months in side]) for side in runs)
        assert_direction(cheap, dear, -1.0)
        change[name] = math.log(dear.mean() / cheap.mean()) / math.log(prices[1] / prices[0])
    # More than proportional: what pays at 8 rupees is near its margin in most seeds
    assert change["mining"] < -1.5
    assert -0.5 < change["ai"] < 0.0
    assert change["mining"] < 5.0 * change["ai"]


def applications(folder: Path, hazard: float, terms: dict[str, Any]) -> list[pd.DataFrame]:
    """Months of a year by seed when AI firms see a hazard of reversal, with many firms near their hurdle."""
    terms = {"tariff_local_per_kwh": 5.0, "ai_holiday_months": 0.0, **STEADY, **terms}
    regime = regime_file(folder, "pakistan-2025", **{**terms, "reversal_hazard_per_year": hazard})
    # Hurdles spread over the range of returns, so that a small change of return decides for some firms
    spread = {"ai_hurdle_npv_mean": 0.2, "ai_hurdle_npv_spread": 0.3, "reversal_event_tariff_share": 1.0}
    chosen = scenario(regime, {**AI_FIRMS, "ai_firms": 400}, **{**THIN_MARGINS, **spread})
    found = []
    for seed in SEEDS:
        model = WattLabModel(chosen, seed)
        run_months(model, 12)
        found.append(model.books.outputs().iloc[:12])
    return found


@pytest.mark.parametrize(
    ("terms", "sign"),
    [({"grandfathered": True, "contract_months": 240.0}, 1.0), ({"grandfathered": False}, -1.0)],
    ids=["grandfathered", "retroactive"],
)
def test_policy_uncertainty_hurries_or_deters_by_what_happens_to_contracts(tmp_path, terms, sign):
    """M8: a withdrawal that spares contracts makes firms commit before it comes; one that does not keeps
    them away. Applications until the month in which the withdrawal strikes, the same months in both arms.
    """
    calm, risky = (applications(tmp_path, hazard, terms) for hazard in (0.0, 0.35))
    still_open = [months["quota_mw"].to_numpy() > 0.0 for months in risky]
    counts = [
        np.array(
            [arm["ai_entered"].to_numpy()[kept].sum() for arm, kept in zip(side, still_open, strict=True)]
        )
        for side in (calm, risky)
    ]
    assert_direction(*counts, sign)


def others_tariff_usd_per_kwh(
    folder: Path, tariff_local_per_kwh: float, new_mw: float, seed: int
) -> np.ndarray:
    """Tariff of ordinary consumers by month when data centres of a size buy at a fixed offer from the
    start.
    """
    regime = regime_file(folder, "pakistan-2025", tariff_local_per_kwh=tariff_local_per_kwh, **STEADY)
    chosen = load_scenario(
        regime=regime, months=31, population={"miners": 1, "world_miners": 2, "ai_firms": 4},
        overrides={"lender_active": 0.0, "ai_installed_mw_it": new_mw, "ai_domestic_demand_mw_it": 500.0,
                   "ai_consider_probability_per_month": 0.02},
    )  # fmt: skip
    model = WattLabModel(chosen, seed)
    # As new load under the allocation, not as sites that stood before it and pay the ordinary tariff
    model.state.ai_firms["legacy_mw_it"] = 0.0
    run_months(model, 31)
    return model.books.outputs()["others_tariff_usd_per_kwh"].to_numpy()


# PKR per kWh: marginal cost, about 21, lies between
@pytest.mark.parametrize(("tariff", "sign"), [(3.0, 1.0), (40.0, -1.0)])
def test_new_load_lowers_others_tariff_only_above_marginal_cost(tmp_path, tariff, sign):
    """B11: once a rebasing has seen a full year, all share the new load's margin over marginal cost."""
    without, with_load = (
        np.array([others_tariff_usd_per_kwh(tmp_path, tariff, mw, seed)[19:].mean() for seed in SEEDS])
        for mw in (0.0, 500.0)
    )
    assert_direction(without, with_load, sign)
