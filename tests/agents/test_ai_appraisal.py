"""What a stage of an AI hall is worth: NPV over capital by hand, what moves it, the price of risk against
that of power.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.ai_appraisal import (
    AS_IT_IS,
    CHEAP_POWER,
    ENOUGH_DEMAND,
    NO_COUNTRY_RISK,
    OFFER_GONE,
    appraise,
    facility_usd_per_mw_it,
    market_after_entry,
    opening_lag_months,
)
from agents.ai_firm import COLOCATION, GPU_CLOUD, HYPERSCALER, SOVEREIGN
from tests.agents.observed import NEW_GPU, VALUES, ai_firm, month

HOURS = 730.5
GPUS_USD = 40_000.0 / 1.25 * 1000.0
GPU_HOURS = 1000.0 / 1.25 * HOURS
PUE, LOAD = VALUES["ai_pue"], VALUES["ai_load_factor"]


def monthly(rate_per_year: float) -> float:
    return (1.0 + rate_per_year) ** (1.0 / 12.0) - 1.0


def present_value(margins: np.ndarray, rate_per_year: float, lag: float) -> float:
    """Value today of margins at the ends of months that begin after a lag."""
    months = lag + np.arange(1, len(margins) + 1)
    return float((np.maximum(0.0, margins) / (1.0 + monthly(rate_per_year)) ** months).sum())


def facility(par) -> float:
    """Building with the backup sets that bring 1 - (1 - grid)(1 - set)^k to the target; one is in its
    price.
    """
    sets = 0
    failing = 1.0 - par.grid_availability
    while failing * (1.0 - par.backup_set_availability) ** sets > 1.0 - par.availability_target:
        sets += 1
    worst = 1.0 + (PUE - 1.0) * (1.0 + par.pue_season_amplitude) * (1.0 + par.pue_day_amplitude)
    return par.ai_facility_capex_usd_per_mw_it + max(0, sets - 1) * par.backup_capex_usd_per_mw * worst


def return_by_hand(firm, now, anchored: float) -> float:
    """NPV over capital of a stage at home, written out for a firm that owns its GPUs; demand is plenty."""
    world, policy, par = now
    lag = max(par.chip_licence_delay_months, par.ai_connection_months) + par.ai_build_months
    lag += par.gpu_fitting_months
    saving = firm.debt_share * par.anchor_debt_saving_per_year * anchored * firm.tenant_credit
    rate = firm.wacc_per_year + par.country_risk_premium - saving
    power = par.grid_availability * world.offer_tariff_mean_usd_per_kwh * (1.0 + policy.power_sales_tax_rate)
    power += (1.0 - par.grid_availability) * par.backup_power_usd_per_kwh
    cost = HOURS * LOAD * PUE * 1000.0 * power + par.ai_other_usd_per_mw_it_year / 12.0
    life = int(par.gpu_life_months)
    decline = (1.0 + firm.price_decline_per_year) ** (-np.arange(1, life + 1) / 12.0)
    price = par.ai_domestic_price_premium * world.gpu_price_usd_per_hour
    merchant = GPU_HOURS * par.billed_utilisation * price * decline - cost
    factor = par.ai_domestic_price_premium if firm.kind == SOVEREIGN else 1.0 - par.ai_export_price_discount
    contract = np.full(life, par.cloud_contract_usd_per_mw_year / 12.0 * factor - cost)
    value = anchored * present_value(contract, rate, lag)
    value += (1.0 - anchored) * present_value(merchant, rate, lag)
    building = facility(par)
    value += (1.0 - life / par.facility_life_months) * building * (1.0 + rate) ** (-(lag + life) / 12.0)
    gpus = GPUS_USD * (1.0 + policy.hardware_duty_rate + policy.hardware_sales_tax_rate)
    # GPUs are paid when the building stands, the building in equal parts before; then GPUs are fitted
    ordered = lag - par.gpu_fitting_months
    capital = building * (1.0 + rate) ** (-(ordered - par.ai_build_months / 2.0) / 12.0)
    capital += gpus * (1.0 + rate) ** (-ordered / 12.0)
    npv = value - capital
    tax = par.income_tax_rate * max(0.0, 1.0 - policy.ai_holiday_months / life)
    return (npv * (1.0 - tax) if npv > 0.0 else npv) / capital


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([GPU_CLOUD, SOVEREIGN, HYPERSCALER]), st.floats(0.0, 1.0), st.floats(0.0, 0.05),
    st.floats(0.01, 0.2), st.floats(0.5, 6.0), st.sampled_from([0.0, 24.0, 120.0]),
)  # fmt: skip
def test_the_return_of_a_stage_is_its_npv_over_its_capital(kind, anchored, decline, tariff, price, holiday):
    now = month(
        {"offer_tariff_mean_usd_per_kwh": tariff, "gpu_price_usd_per_hour": price},
        {"ai_holiday_months": holiday, "hardware_duty_rate": 0.05},
    )
    firm = ai_firm(kind=kind, price_decline_per_year=decline)
    ratio, spent, generation = appraise(firm, *now, 5.0, anchored, 0, AS_IT_IS)
    margin_closes = price * VALUES["ai_domestic_price_premium"] * GPU_HOURS < 1.6e6
    expected = return_by_hand(firm, now, anchored)
    assert ratio == pytest.approx(expected, rel=1e-6, abs=0.01 if margin_closes else 1e-9)
    assert spent == pytest.approx(facility(now.par) + 1.05 * GPUS_USD, rel=1e-12)
    assert generation == NEW_GPU


def ratio_of(now, stage: float = 5.0, anchored: float = 0.0, ease: int = AS_IT_IS, **values) -> float:
    return appraise(ai_firm(**values), *now, stage, anchored, 0, ease)[0]


def test_what_moves_the_return_of_a_stage():
    base = ratio_of(month())
    assert ratio_of(month(country_risk_premium=0.15)) < base
    assert ratio_of(month(policy={"hardware_duty_rate": 0.25})) < base
    assert ratio_of(month({"home_demand_mw_it": 0.0})) < base
    assert ratio_of(month({"home_demand_mw_it": 5.0, "export_demand_mw_it": 0.0})) < base
    assert ratio_of(month(), price_decline_per_year=0.3) < base
    assert ratio_of(month(policy={"ai_guarantee_points_per_year": 0.02})) > base
    assert ratio_of(month(grid_availability=0.95)) < base
    assert ratio_of(month(), anchored=0.5, tenant_credit=1.2) > ratio_of(month(), anchored=0.5)


def test_a_reversal_costs_what_the_contract_does_not_protect():
    """A contract of 36 months is over when the hall opens; one that outlives the GPUs covers all."""
    safe = ratio_of(month())
    risky = {"reversal_hazard_per_year": 0.5}
    bare = ratio_of(month(risky))
    short = ratio_of(month(risky, {"grandfathered": 1, "contract_months": 36.0}))
    middle = ratio_of(month(risky, {"grandfathered": 1, "contract_months": 60.0}))
    long = ratio_of(month(risky, {"grandfathered": 1, "contract_months": 200.0}))
    assert bare == short < middle < long == safe


def test_priority_opens_a_hall_earlier():
    firm = ai_firm()
    plain, served = month(), month(policy={"ai_priority": 1})
    wait, build = VALUES["ai_connection_months"], VALUES["ai_build_months"]
    assert opening_lag_months(firm, plain.policy, plain.par, 0) == wait + build + VALUES["gpu_fitting_months"]
    share = 1.0 - VALUES["ai_brownfield_share"]
    sooner = opening_lag_months(firm, served.policy, served.par, 0)
    assert sooner == pytest.approx(share * (wait + build) + VALUES["gpu_fitting_months"])
    taken_over = opening_lag_months(firm, plain.policy, plain.par, 1)
    assert taken_over < sooner


def test_each_relief_lifts_the_return_and_none_lowers_it():
    poor = {"home_demand_mw_it": 1.0, "export_demand_mw_it": 1.0}
    base = ratio_of(month(poor))
    reliefs = [ratio_of(month(poor), ease=ease) for ease in (ENOUGH_DEMAND, NO_COUNTRY_RISK, CHEAP_POWER)]
    assert reliefs[0] > base
    assert reliefs[1] >= base
    rich = ratio_of(month())
    assert ratio_of(month(), ease=NO_COUNTRY_RISK) > rich
    assert ratio_of(month({"offer_tariff_mean_usd_per_kwh": 0.15}), ease=CHEAP_POWER) > ratio_of(
        month({"offer_tariff_mean_usd_per_kwh": 0.15})
    )
    assert ratio_of(month(), ease=OFFER_GONE) < rich


def test_more_capacity_lowers_what_the_next_stage_earns():
    """Import parity while the market is short, less once it is full, export parity at the end."""
    par = month().par
    top, bottom = par.ai_domestic_price_premium, 1.0 - par.ai_export_price_discount
    prices = []
    for merchant in (10.0, 90.0, 160.0, 1000.0):
        demand = {"home_demand_mw_it": 100.0, "export_demand_mw_it": 50.0}
        world = month({**demand, "merchant_mw_it": merchant}).world
        utilisation, price, ratio = market_after_entry(world, par, 5.0, 0.0, AS_IT_IS)
        prices.append(ratio)
        assert bottom - 1e-12 <= price <= top
        assert utilisation <= par.billed_utilisation + 1e-12
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == top
    assert prices[-1] == bottom


def test_a_colocation_hall_earns_its_lease_whatever_power_costs():
    cheap, dear = (month({"offer_tariff_mean_usd_per_kwh": tariff}) for tariff in (0.03, 0.30))
    firm = ai_firm(kind=COLOCATION)
    assert appraise(firm, *cheap, 5.0, 0.0, 0, 0) == appraise(firm, *dear, 5.0, 0.0, 0, 0)
    ratio, spent, generation = appraise(firm, *cheap, 5.0, 0.0, 0, 0)
    rate = 0.08 + VALUES["country_risk_premium"]
    lease = VALUES["colocation_lease_usd_per_mw_year"] * VALUES["ai_domestic_price_premium"]
    margin = (lease * VALUES["billed_utilisation"] - VALUES["colocation_other_usd_per_mw_year"]) / 12.0
    life = int(VALUES["facility_life_months"])
    lag = VALUES["ai_build_months"] + VALUES["ai_connection_months"]
    value = present_value(np.full(life, margin), rate, lag)
    building = facility_usd_per_mw_it(firm, cheap.world, cheap.par)
    capital = building * (1.0 + rate) ** (-(lag - VALUES["ai_build_months"] / 2.0) / 12.0)
    tax = VALUES["income_tax_rate"] if value > capital else 0.0
    assert ratio == pytest.approx((value - capital) * (1.0 - tax) / capital, rel=1e-6)
    assert spent == building
    assert generation == -1


def test_a_point_of_the_cost_of_capital_is_worth_two_to_three_and_a_half_cents():
    """The model's own derivative: the rise of the power price that costs as much return as a point of
    WACC.
    """
    step, cent = 0.001, 0.001

    def at(wacc: float, tariff: float) -> float:
        now = month({"offer_tariff_mean_usd_per_kwh": tariff, "gpu_price_usd_per_hour": 2.2})
        return ratio_of(now, wacc_per_year=wacc)

    for wacc in (0.06, 0.08, 0.10):
        by_rate = (at(wacc + step, 0.09) - at(wacc - step, 0.09)) / (2.0 * step)
        by_power = (at(wacc, 0.09 + cent) - at(wacc, 0.09 - cent)) / (2.0 * cent)
        cents_per_point = by_rate * 0.01 / by_power * 100.0
        assert 2.0 < cents_per_point < 3.5


def test_the_price_of_power_is_a_small_part_of_a_stages_return():
    """One cent a kWh costs a MW of IT some 100,000 USD a year, against capital of tens of millions."""
    low, high = (ratio_of(month({"offer_tariff_mean_usd_per_kwh": tariff})) for tariff in (0.05, 0.06))
    yearly = 0.01 * 8766.0 * LOAD * PUE * 1000.0
    assert 0.0 < low - high < 6.0 * yearly / GPUS_USD


def test_backup_sets_follow_the_grid():
    """A better grid needs fewer sets; one is always in the price of the building."""
    firm = ai_firm()
    costs = [
        facility_usd_per_mw_it(firm, month().world, month(grid_availability=grid).par)
        for grid in (0.95, 0.985, 0.9999)
    ]
    assert costs[0] >= costs[1] > costs[2] == VALUES["ai_facility_capex_usd_per_mw_it"]
    sets = math.log(0.00018 / 0.015) / math.log(0.05)
    assert math.ceil(sets) == 2
