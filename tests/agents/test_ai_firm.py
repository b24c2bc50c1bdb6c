"""An AI firm: whether a stage pays, waiting for power and chips, building, selling compute, renewing and
leaving.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.ai_accounts import GRANTED, REFUSED, WAITING
from agents.ai_appraisal import appraise, outside_return
from agents.ai_firm import COLOCATION, GPU_CLOUD, HYPERSCALER, SOVEREIGN, AiFirm
from agents.world import U_CONSIDER, U_DELAY, U_LICENCE, U_QUEUE
from tests.agents.observed import VALUES, ai_firm, month

HOURS = 730.5
FACILITY, GPUS = VALUES["ai_facility_capex_usd_per_mw_it"], VALUES["gpu_capex_usd_per_mw_it"]
GPU_HOURS = 1000.0 / VALUES["gpu_kw_it"] * HOURS
PUE, LOAD = VALUES["ai_pue"], VALUES["ai_load_factor"]


def monthly(rate_per_year: float) -> float:
    return (1.0 + rate_per_year) ** (1.0 / 12.0) - 1.0


def present_value(margins: np.ndarray, rate_per_year: float, lag: float) -> float:
    """Value today of margins at the ends of months that begin after a lag."""
    months = lag + np.arange(1, len(margins) + 1)
    return float((np.maximum(0.0, margins) / (1.0 + monthly(rate_per_year)) ** months).sum())


def return_by_hand(firm, now) -> float:
    """NPV over capital of a stage at home, written out for a firm that owns its GPUs and has demand in
    plenty.
    """
    world, policy, par = now
    rate = firm.wacc_per_year + par.country_risk_premium
    served = par.grid_availability
    power = served * world.offer_tariff_mean_usd_per_kwh * (1.0 + policy.power_sales_tax_rate)
    power += (1.0 - served) * par.backup_power_usd_per_kwh
    cost = HOURS * LOAD * PUE * 1000.0 * power + par.ai_other_usd_per_mw_it_year / 12.0
    life = int(par.gpu_life_months)
    hours = GPU_HOURS * (1.0 + par.gpu_progress_per_year) ** (world.month / 12.0)
    decline = (1.0 + firm.price_decline_per_year) ** (-np.arange(1, life + 1) / 12.0)
    merchant = hours * par.billed_utilisation * world.domestic_price_usd_per_hour * decline - cost
    premium = par.ai_domestic_price_premium if firm.kind == SOVEREIGN else 1.0
    anchored = np.full(life, par.cloud_contract_usd_per_mw_year / 12.0 * premium - cost)
    lag = par.ai_build_months
    value = firm.anchor_share * present_value(anchored, rate, lag)
    value += (1.0 - firm.anchor_share) * present_value(merchant, rate, lag)
    value += (1.0 - life / par.facility_life_months) * FACILITY * (1.0 + rate) ** (-(lag + life) / 12.0)
    gpus = GPUS * (1.0 + policy.hardware_duty_rate + policy.hardware_sales_tax_rate)
    capital = FACILITY * (1.0 + rate) ** (-lag / 24.0) + gpus * (1.0 + rate) ** (-lag / 12.0)
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
        {"offer_tariff_mean_usd_per_kwh": tariff, "domestic_price_usd_per_hour": price},
        {"grandfathered": 1, "ai_holiday_months": holiday, "hardware_duty_rate": 0.05},
    )
    firm = ai_firm(kind=kind, anchor_share=anchored, price_decline_per_year=decline)
    ratio, spent = appraise(firm, *now, 5.0)
    margin_closes = price * GPU_HOURS < 1.6e6
    assert ratio == pytest.approx(return_by_hand(firm, now), rel=1e-6, abs=0.01 if margin_closes else 1e-9)
    assert spent == pytest.approx(FACILITY + 1.05 * GPUS, rel=1e-12)


def test_a_colocation_hall_earns_its_lease_whatever_power_costs():
    cheap, dear = (month({"offer_tariff_mean_usd_per_kwh": tariff}) for tariff in (0.03, 0.30))
    firm = ai_firm(kind=COLOCATION)
    assert appraise(firm, *cheap, 5.0) == appraise(firm, *dear, 5.0)
    ratio, spent = appraise(firm, *cheap, 5.0)
    rate = 0.08 + VALUES["country_risk_premium"]
    lease = VALUES["colocation_lease_usd_per_mw_year"] * VALUES["ai_domestic_price_premium"]
    margin = (lease * VALUES["billed_utilisation"] - VALUES["colocation_other_usd_per_mw_year"]) / 12.0
    life, lag = int(VALUES["facility_life_months"]), VALUES["ai_build_months"]
    value = present_value(np.full(life, margin), rate, lag)
    capital = FACILITY * (1.0 + rate) ** (-lag / 24.0)
    tax = VALUES["income_tax_rate"] if value > capital else 0.0
    assert ratio == pytest.approx((value - capital) * (1.0 - tax) / capital, rel=1e-6)
    assert spent == FACILITY


def ratio_of(now, stage: float = 5.0, **values) -> float:
    return appraise(ai_firm(**values), *now, stage)[0]


def test_what_moves_the_return_of_a_stage():
    base = ratio_of(month())
    assert ratio_of(month(country_risk_premium=0.15)) < base
    assert ratio_of(month(policy={"hardware_duty_rate": 0.25})) < base
    assert ratio_of(month(policy={"ai_priority": 1})) != base
    assert ratio_of(month({"domestic_room_mw_it": 0.0})) < base
    assert ratio_of(month({"domestic_room_mw_it": 2.5, "export_room_mw_it": 0.0})) < base
    assert ratio_of(month(), price_decline_per_year=0.3) < base
    reversible = month({"reversal_hazard_per_year": 0.5})
    assert ratio_of(reversible) < base
    assert ratio_of(month({"reversal_hazard_per_year": 0.5}, {"grandfathered": 1})) == base


def test_the_price_of_power_is_a_small_part_of_a_stages_return():
    """One cent a kWh costs a MW of IT some 90,000 USD a year, against capital of tens of millions."""
    low, high = (ratio_of(month({"offer_tariff_mean_usd_per_kwh": tariff})) for tariff in (0.05, 0.06))
    yearly = 0.01 * 8766.0 * LOAD * PUE * 1000.0
    assert 0.0 < low - high < 6.0 * yearly / (FACILITY + GPUS)


def test_only_foreign_firms_weigh_a_site_abroad():
    now = month()
    assert outside_return(ai_firm(), now.world, now.par) == -1.0
    abroad = outside_return(ai_firm(foreign=1, kind=HYPERSCALER), now.world, now.par)
    assert abroad > -1.0
    better = outside_return(
        ai_firm(foreign=1, kind=HYPERSCALER), now.world, month(world_ai_power_usd_per_kwh=0.04).par
    )
    assert better > abroad


LUCRATIVE = {"domestic_price_usd_per_hour": 12.0, "export_price_usd_per_hour": 12.0}


def planned(now, **values):
    firm = ai_firm(**values)
    firm.draws[U_CONSIDER] = 0.0
    AiFirm.plan(firm, *now)
    return firm


def test_a_stage_that_pays_is_applied_for():
    firm = planned(month(LUCRATIVE))
    assert (firm.planned_mw_it, firm.applied_mw, firm.applied_month) == (5.0, 5.0 * PUE, 6)
    assert (firm.chip_status, firm.entered, firm.blocked_by) == (WAITING, 1, 0)
    assert firm.chip_months_left == math.ceil(VALUES["chip_licence_delay_months"] * 1.0)


@pytest.mark.parametrize(
    ("world", "values", "blocked_by"),
    [
        ({"domestic_price_usd_per_hour": 0.5, "export_price_usd_per_hour": 0.5}, {}, 1),
        (LUCRATIVE, {"hurdle": 1e6}, 1),
        (LUCRATIVE, {"funds_usd": 1e5}, 2),
        (LUCRATIVE, {"target_mw": 0.5}, 0),
        (LUCRATIVE, {"building_mw": 1.0}, 0),
    ],
)
def test_why_a_firm_does_not_apply(world, values, blocked_by):
    firm = planned(month(world), **values)
    assert firm.applied_mw == 0.0
    assert firm.blocked_by == blocked_by


def test_a_firm_that_can_earn_more_abroad_stays_away():
    now = month({**LUCRATIVE, "gpu_price_usd_per_hour": 40.0})
    assert planned(now, foreign=1).blocked_by == 1
    assert planned(now, foreign=0).applied_mw > 0.0


def test_funds_and_their_leverage_limit_the_stage():
    firm = planned(month(LUCRATIVE), funds_usd=1.5 * (FACILITY + GPUS))
    assert firm.planned_mw_it == pytest.approx(3.0, rel=1e-9)


def test_a_firm_considers_with_its_monthly_probability():
    firm = ai_firm()
    firm.draws[U_CONSIDER] = VALUES["ai_consider_probability_per_month"]
    AiFirm.plan(firm, *month(LUCRATIVE))
    assert firm.applied_mw == 0.0


@pytest.mark.parametrize(("draw", "status"), [(0.0, GRANTED), (0.99, REFUSED)])
def test_the_chip_licence_is_decided_once_after_its_delay(draw, status):
    firm = planned(month(LUCRATIVE, chip_licence_delay_months=2.0))
    firm.draws[U_LICENCE] = draw
    seen = []
    for _ in range(3):
        AiFirm.plan(firm, *month())
        seen.append(int(firm.chip_status))
    assert seen == [WAITING, status, status]


def test_a_colocation_hall_needs_no_chip_licence():
    firm = planned(month(), kind=COLOCATION, hurdle=-1.0)
    AiFirm.plan(firm, *month())
    assert firm.chip_status == GRANTED


def test_refusal_and_boredom_end_an_application():
    for changes, blocked in (({"chip_status": REFUSED}, 4), ({}, 3)):
        firm = planned(month(LUCRATIVE))
        firm.draws[U_QUEUE] = 0.0 if not changes else 1.0
        for name, value in changes.items():
            firm[name] = value
        AiFirm.review_survival(firm, *month())
        assert (firm.applied_mw, firm.cancelled, firm.blocked_by) == (0.0, 1, blocked)
    patient = planned(month(LUCRATIVE))
    patient.draws[U_QUEUE] = 0.9
    AiFirm.review_survival(patient, *month())
    assert (patient.cancelled, patient.applied_mw) == (0, 5.0 * PUE)


def built(months: int, draw: float = 0.5, **values):
    """A firm whose stage of 4 MW of IT is granted and built for some months; a month takes 10 MW of
    nameplate time.
    """
    firm = ai_firm(granted_mw=4.0 * PUE, planned_mw_it=4.0, **values)
    firm.draws[U_DELAY] = draw
    now = month(policy={"hardware_duty_rate": 0.05, "hardware_sales_tax_rate": 0.1}, ai_build_months=10.0)
    for step in range(months):
        now.world.month = 6 + step
        AiFirm.build(firm, *now)
    return firm


def test_a_stage_is_built_over_its_time_and_opens_with_gpus():
    early, done = built(9), built(10)
    assert (early.it_mw, early.site_mw, early.building_mw) == (0.0, 0.0, 4.0 * PUE)
    assert early.hardware_usd == 0.0
    assert (done.it_mw, done.site_mw, done.building_mw) == (4.0, 4.0 * PUE, 0.0)
    assert done.site_usd == pytest.approx(4.0 * FACILITY, rel=1e-9)
    assert done.hardware_usd == pytest.approx(4.0 * GPUS, rel=1e-12)
    assert done.duty_usd == pytest.approx(0.05 * 4.0 * GPUS, rel=1e-12)
    assert done.hardware_tax_usd == pytest.approx(0.1 * 4.0 * GPUS, rel=1e-12)
    assert done.loan_usd == pytest.approx(0.5 * 4.0 * (FACILITY + 1.15 * GPUS), rel=1e-12)
    assert done.loan_usd + done.equity_usd == pytest.approx(4.0 * (FACILITY + 1.15 * GPUS), rel=1e-9)
    assert done.gpus_bought == pytest.approx(4000.0 / VALUES["gpu_kw_it"], rel=1e-12)
    assert (done.active, done.opened_month) == (1, 6)
    assert done.cash_usd == pytest.approx(0.0, abs=1e-3)


def test_construction_time_varies_and_always_costs_the_same():
    for draw, months in ((0.0, 7), (1.0, 13), (0.37, 10)):
        firm = built(months, draw)
        assert firm.it_mw == 4.0
        assert firm.site_usd == pytest.approx(4.0 * FACILITY, rel=1e-9)
        assert built(months - 1, draw).it_mw == 0.0


def test_a_second_stage_makes_the_hall_younger_on_average():
    firm = built(10, it_mw=12.0, gpu_age_months=40.0, active=1)
    assert firm.it_mw == 16.0
    assert firm.gpu_age_months == pytest.approx(30.0, rel=1e-12)


def test_a_colocation_hall_buys_no_gpus():
    firm = built(10, kind=COLOCATION)
    assert firm.it_mw == 4.0
    assert firm.hardware_usd == firm.duty_usd == firm.gpus_bought == 0.0


def running(now=None, **values):
    """A GPU cloud of 10 MW of IT after a month."""
    firm = ai_firm(
        **{"it_mw": 10.0, "site_mw": 10.0 * PUE, "active": 1, "cash_usd": 1e6, "contract_usd": 8e5, **values}
    )
    now = now or month()
    AiFirm.run(firm, *now)
    AiFirm.settle(firm, *now)
    return firm, now


def test_load_is_firm_and_independent_of_the_price():
    cheap, _ = running(month({"offer_tariff_usd_per_kwh": 0.01}))
    dear, _ = running(month({"offer_tariff_usd_per_kwh": 1.0}))
    drawn = 10.0 * LOAD * PUE * VALUES["grid_availability"]
    assert cheap.load_mw.tolist() == dear.load_mw.tolist() == [drawn] * 24
    assert running(active=0)[0].load_mw.sum() == 0.0


def test_grid_power_is_billed_and_generators_cover_the_rest():
    firm, now = running(month({"firm_served_share": 0.9}, {"power_sales_tax_rate": 0.1}))
    wanted = 10.0 * LOAD * PUE * 24.0 * 30.0
    served = wanted * 0.9 * VALUES["grid_availability"]
    assert firm.energy_mwh == pytest.approx(served, rel=1e-12)
    assert firm.bill_usd == pytest.approx(served * 50.0, rel=1e-12)
    assert firm.power_tax_usd == pytest.approx(served * 5.0, rel=1e-12)
    backup = (wanted - served) * 1000.0 * VALUES["backup_power_usd_per_kwh"]
    other = 10.0 * VALUES["ai_other_usd_per_mw_it_year"] / 12.0
    assert firm.other_usd == pytest.approx(backup + other, rel=1e-12)
    assert now.world.month == 6


def test_sites_that_stood_before_the_allocation_pay_the_ordinary_tariff():
    old, _ = running(legacy_mw_it=10.0)
    half, _ = running(legacy_mw_it=5.0)
    assert old.bill_usd == pytest.approx(old.energy_mwh * 120.0, rel=1e-12)
    assert half.bill_usd == pytest.approx(half.energy_mwh * 85.0, rel=1e-12)


def test_merchant_compute_is_sold_at_home_and_abroad():
    firm, now = running()
    hours = GPU_HOURS * (1.0 + VALUES["gpu_progress_per_year"]) ** (5.0 / 12.0)
    price = 0.5 * 3.0 + 0.5 * 1.7
    revenue = 10.0 * hours * 0.75 * price
    assert firm.sales_home_usd + firm.sales_abroad_usd == pytest.approx(revenue, rel=1e-9)
    assert firm.sales_home_usd == pytest.approx(0.5 * revenue, rel=1e-9)
    assert now.world.utilisation == firm.utilisation


def test_anchored_compute_earns_its_contract_where_the_buyer_sits():
    for foreign, abroad in ((0, False), (1, True)):
        firm, _ = running(anchor_share=1.0, foreign=foreign, kind=HYPERSCALER)
        assert firm.sales_home_usd + firm.sales_abroad_usd == pytest.approx(8e6, rel=1e-12)
        assert (firm.sales_abroad_usd > 0.0) == abroad
        assert (firm.sales_home_usd > 0.0) != abroad


def test_a_colocation_tenant_pays_for_power():
    firm, _ = running(kind=COLOCATION, tenant_credit=0.9)
    lease = (
        VALUES["colocation_lease_usd_per_mw_year"] / 12.0 * VALUES["ai_domestic_price_premium"] * 0.75 * 0.9
    )
    backup = firm.other_usd - 10.0 * VALUES["colocation_other_usd_per_mw_year"] / 12.0
    power = firm.bill_usd + firm.power_tax_usd + backup
    assert firm.sales_home_usd == pytest.approx(10.0 * lease + power, rel=1e-9)
    assert firm.sales_abroad_usd == 0.0


def test_profit_after_depreciation_is_taxed_when_the_holiday_is_over():
    rich = {"domestic_price_usd_per_hour": 20.0}
    firm, _ = running(month(rich))
    revenue = firm.sales_home_usd + firm.sales_abroad_usd
    operating = revenue - firm.bill_usd - firm.other_usd
    worn = 10.0 * (GPUS / VALUES["gpu_life_months"] + FACILITY / VALUES["facility_life_months"])
    assert firm.income_tax_usd == pytest.approx(VALUES["income_tax_rate"] * (operating - worn), rel=1e-9)
    assert running(month(rich, {"ai_holiday_months": 120.0}))[0].income_tax_usd == 0.0
    assert running(month(rich, {"ai_holiday_months": 6.0}))[0].income_tax_usd == firm.income_tax_usd
    assert running(month({"domestic_price_usd_per_hour": 0.1}))[0].income_tax_usd == 0.0


def test_losses_are_counted_and_end_the_firm():
    poor = month({"domestic_price_usd_per_hour": 0.1, "export_price_usd_per_hour": 0.1})
    firm, _ = running(poor, loss_months=VALUES["ai_exit_months"] - 1.0, gpu_age_months=14.0)
    assert firm.loss_months == VALUES["ai_exit_months"]
    cash = float(firm.cash_usd)
    AiFirm.review_survival(firm, *poor)
    left = 1.0 - 15.0 / VALUES["gpu_life_months"]
    resale = 10.0 * GPUS * VALUES["gpu_residual_share"] * left
    assert firm.resale_usd == pytest.approx(resale, rel=1e-12)
    assert firm.dividend_usd + firm.principal_usd >= cash
    assert (firm.left, firm.active, firm.it_mw, firm.site_mw, firm.cash_usd, firm.debt_usd) == (
        1,
        0,
        0.0,
        0.0,
        0.0,
        0.0,
    )
    assert running(loss_months=7.0)[0].loss_months == 0.0


def renewed(now, **values):
    firm = ai_firm(it_mw=2.0, active=1, gpu_age_months=VALUES["gpu_life_months"], **values)
    AiFirm.build(firm, *now)
    return firm


def test_old_gpus_are_renewed_if_new_ones_pay_and_the_hall_retires_otherwise():
    good = renewed(month(LUCRATIVE))
    assert (good.it_mw, good.gpu_age_months) == (2.0, 0.0)
    assert good.hardware_usd == pytest.approx(2.0 * GPUS, rel=1e-12)
    bad = renewed(month({"domestic_price_usd_per_hour": 0.5, "export_price_usd_per_hour": 0.5}))
    assert (bad.it_mw, bad.loss_months, bad.hardware_usd) == (0.0, VALUES["ai_exit_months"], 0.0)
    assert renewed(month(LUCRATIVE), funds_usd=1e5).it_mw == 0.0
    hall = renewed(month({"domestic_price_usd_per_hour": 0.5}), kind=COLOCATION)
    assert (hall.it_mw, hall.hardware_usd) == (2.0, 0.0)


def test_staff_ramp_up_over_the_first_year_and_builders_leave():
    firm = ai_firm(site_mw=10.0, opened_month=0, build_months=6.0)
    jobs = VALUES["ai_jobs_per_mw"] * VALUES["local_labour_factor"] * 10.0
    shares = []
    for now in (6, 12, 18, 40):
        AiFirm.recruit(firm, *month({"month": now}))
        shares.append(float(firm.staff_target.sum()) / jobs)
    ramp = VALUES["staff_ramp_months"]
    assert shares == pytest.approx([min(1.0, age / ramp + 0.25) for age in (0, 6, 12, 34)], rel=1e-9)
    firm.building_mw, firm.kind = 3.0, COLOCATION
    AiFirm.recruit(firm, *month({"month": 40}))
    factor = VALUES["local_labour_factor"]
    assert firm.builders_target.sum() == pytest.approx(3.0 * VALUES["ai_construction_jobs_per_mw"] * factor)
    assert firm.staff_target.sum() == pytest.approx(10.0 * VALUES["colocation_jobs_per_mw"] * factor)
    AiFirm.hire(firm, *month({"hire_share": 0.25}))
    assert firm.builders == pytest.approx(0.25 * firm.builders_target)
