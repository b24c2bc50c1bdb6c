"""An AI firm: waiting for power and chips, building in stages, selling compute, renewing and leaving."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.ai_accounts import GRANTED, REFUSED, WAITING
from agents.ai_appraisal import site_mw_per_mw_it
from agents.ai_firm import COLOCATION, GPU_CLOUD, HYPERSCALER, SOVEREIGN, AiFirm
from agents.ai_fleet import APPLIED, BUILDING, FITTING, NO_PROJECT
from agents.ai_siting import (
    CAPITAL,
    CHIPS,
    COUNTRY_RISK,
    DEMAND,
    QUEUE,
    RETURN,
)
from agents.world import U_CONSIDER, U_DELAY, U_LICENCE, U_QUEUE
from tests.agents.observed import NEW_GPU, VALUES, ai_firm, month, planned

HOURS = 730.5
FACILITY, GPUS = 8e6, 40_000.0 / 1.25 * 1000.0
GPU_HOURS = 1000.0 / 1.25 * HOURS
PUE, LOAD = VALUES["ai_pue"], VALUES["ai_load_factor"]
PEAK = site_mw_per_mw_it(GPU_CLOUD, month().par)
LUCRATIVE = {"gpu_price_usd_per_hour": 8.0}
POOR = {"gpu_price_usd_per_hour": 0.2}


def test_a_stage_that_pays_is_applied_for():
    firm = planned(month(LUCRATIVE))
    assert (firm.planned_mw_it, firm.applied_month, firm.project) == (5.0, 6, APPLIED)
    assert firm.applied_mw == pytest.approx(5.0 * PEAK)
    assert (firm.chip_status, firm.entered, firm.blocked_by) == (WAITING, 1, 0)
    assert firm.chip_months_left == math.ceil(VALUES["chip_licence_delay_months"])


@pytest.mark.parametrize(
    ("world", "values", "blocked_by", "par"),
    [
        (POOR, {}, RETURN, {}),
        (LUCRATIVE, {"hurdle": 1e6}, RETURN, {}),
        (LUCRATIVE, {"funds_usd": 1e5}, CAPITAL, {}),
        (LUCRATIVE, {"target_mw": 0.5}, 0, {}),
        (LUCRATIVE, {"project": BUILDING}, 0, {}),
        (
            {"gpu_price_usd_per_hour": 3.2, "home_demand_mw_it": 0.0, "export_demand_mw_it": 0.0},
            {},
            DEMAND,
            {},
        ),
        ({"gpu_price_usd_per_hour": 1.65}, {"hurdle": 0.0}, COUNTRY_RISK, {}),
    ],
)
def test_why_a_firm_does_not_apply(world, values, blocked_by, par):
    firm = planned(month(world, **par), **values)
    assert firm.applied_mw == 0.0
    assert firm.blocked_by == blocked_by


def test_a_firm_takes_a_tenant_when_the_market_is_expected_to_fall():
    fair = {"gpu_price_usd_per_hour": 3.0}
    gloomy = planned(month(fair), kind=SOVEREIGN, anchor_limit=0.6, price_decline_per_year=1.0, hurdle=-1.0)
    bright = planned(month({"gpu_price_usd_per_hour": 20.0}), kind=SOVEREIGN, anchor_limit=0.6)
    assert gloomy.planned_anchor_share == pytest.approx(0.6)
    assert bright.planned_anchor_share == 0.0


def test_funds_and_their_leverage_limit_the_stage():
    rich = planned(month(LUCRATIVE))
    cost = VALUES["ai_facility_capex_usd_per_mw_it"] + VALUES["backup_capex_usd_per_mw"] * PEAK + GPUS
    firm = planned(month(LUCRATIVE), funds_usd=1.5 * cost)
    assert rich.planned_mw_it == 5.0
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


def test_an_application_ends_by_refusal_or_impatience():
    for changes, blocked in (({"chip_status": REFUSED}, CHIPS), ({}, QUEUE)):
        firm = planned(month(LUCRATIVE))
        firm.draws[U_QUEUE] = 0.0 if not changes else 1.0
        for name, value in changes.items():
            firm[name] = value
        AiFirm.review_survival(firm, *month())
        assert (firm.applied_mw, firm.cancelled, firm.project) == (0.0, 1, NO_PROJECT)
        assert firm.blocked_by == blocked
    patient = planned(month(LUCRATIVE))
    patient.draws[U_QUEUE] = 0.9
    AiFirm.review_survival(patient, *month())
    assert (patient.cancelled, patient.project) == (0, APPLIED)


def built(months: int, draw: float = 0.5, **values):
    """A firm whose stage of 4 MW of IT is granted and built for some months: ten for the building, three
    to fit GPUs.
    """
    firm = ai_firm(granted_mw=4.0 * PEAK, planned_mw_it=4.0, project=APPLIED, **values)
    firm.draws[U_DELAY] = draw
    policy = {"hardware_duty_rate": 0.05, "hardware_sales_tax_rate": 0.1}
    now = month(LUCRATIVE, policy, ai_build_months=10.0, gpu_fitting_months=3.0, grid_availability=0.9999)
    for step in range(months):
        now.world.month = 6 + step
        AiFirm.build(firm, *now)
    return firm


def test_a_project_passes_through_its_stages():
    states = [int(built(months).project) for months in (1, 9, 10, 12, 13)]
    assert states == [BUILDING, BUILDING, FITTING, FITTING, NO_PROJECT]


def test_a_stage_is_built_over_its_time_and_opens_with_gpus():
    site = VALUES["ai_facility_capex_usd_per_mw_it"]
    early, done = built(9), built(13)
    assert (early.it_mw, early.site_mw) == (0.0, 0.0)
    assert early.building_mw == pytest.approx(4.0 * PEAK)
    assert early.hardware_usd == 0.0
    assert (done.it_mw, done.building_mw) == (4.0, 0.0)
    assert done.site_mw == pytest.approx(4.0 * PEAK)
    assert done.gpu_mw_it[NEW_GPU] == done.gpu_mw_it.sum() == 4.0
    assert done.filling_mw_it == 4.0
    assert done.site_usd == pytest.approx(4.0 * site, rel=1e-9)
    assert done.hardware_usd == pytest.approx(4.0 * GPUS, rel=1e-12)
    assert done.duty_usd == pytest.approx(0.05 * 4.0 * GPUS, rel=1e-12)
    assert done.hardware_tax_usd == pytest.approx(0.1 * 4.0 * GPUS, rel=1e-12)
    assert done.loan_usd == pytest.approx(0.5 * 4.0 * (site + 1.15 * GPUS), rel=1e-12)
    assert done.loan_usd + done.equity_usd == pytest.approx(4.0 * (site + 1.15 * GPUS), rel=1e-9)
    assert built(10).gpus_bought == pytest.approx(4000.0 / 1.25, rel=1e-12)
    assert (done.active, done.opened_month) == (1, 6)
    assert done.cash_usd == pytest.approx(0.0, abs=1e-3)


def test_construction_time_varies_and_always_costs_the_same():
    for draw, months in ((0.0, 7), (1.0, 13), (0.37, 10)):
        firm = built(months, draw)
        assert firm.project == FITTING
        assert firm.site_usd == pytest.approx(4.0 * VALUES["ai_facility_capex_usd_per_mw_it"], rel=1e-9)
        assert built(months - 1, draw).project == BUILDING


def test_a_converted_site_is_built_in_its_own_time():
    now = month(ai_build_months=30.0, ai_conversion_months=4.0)
    firm = ai_firm(granted_mw=4.0, planned_mw_it=3.0, project=APPLIED, converted=1)
    AiFirm.build(firm, *now)
    assert firm.build_months == 4.0


def test_new_gpus_make_their_generation_younger_on_average():
    fleet = np.zeros(16)
    fleet[NEW_GPU] = 12.0
    age = np.zeros(16)
    age[NEW_GPU] = 40.0
    firm = built(13, it_mw=12.0, gpu_mw_it=fleet, gpu_age_months=age, active=1)
    assert firm.it_mw == 16.0
    assert firm.gpu_age_months[NEW_GPU] == pytest.approx(30.0, rel=1e-12)


def test_a_colocation_hall_buys_no_gpus_and_opens_at_once():
    firm = built(10, kind=COLOCATION)
    assert firm.it_mw == 4.0
    assert firm.hardware_usd == firm.duty_usd == firm.gpus_bought == firm.gpu_mw_it.sum() == 0.0


def test_a_tenants_contract_starts_when_the_stage_opens():
    firm = built(13, kind=SOVEREIGN, planned_anchor_share=0.5)
    price = VALUES["cloud_contract_usd_per_mw_year"] / 12.0 * VALUES["ai_domestic_price_premium"]
    assert firm.anchored_mw_it == 2.0
    assert firm.anchored_usd_per_month == pytest.approx(2.0 * price)
    assert firm.filling_mw_it == 2.0


def running(now=None, **values):
    """A GPU cloud of 10 MW of IT after a month."""
    fleet = np.zeros(16)
    fleet[NEW_GPU] = 0.0 if values.get("kind") == COLOCATION else 10.0
    defaults = {"it_mw": 10.0, "site_mw": 10.0 * PEAK, "active": 1, "cash_usd": 1e6, "gpu_mw_it": fleet}
    firm = ai_firm(**{**defaults, **values})
    now = now or month({"domestic_price_usd_per_hour": 3.0, "export_price_usd_per_hour": 1.7})
    AiFirm.run(firm, *now)
    AiFirm.settle(firm, *now)
    return firm, now


def test_load_is_firm_independent_of_the_price_and_follows_the_heat():
    cheap, _ = running(month({"offer_tariff_usd_per_kwh": 0.01}))
    dear, _ = running(month({"offer_tariff_usd_per_kwh": 1.0}))
    drawn = 10.0 * LOAD * PUE * VALUES["grid_availability"]
    assert cheap.load_mw == pytest.approx(drawn)
    assert dear.load_mw == pytest.approx(drawn)
    factor = np.linspace(0.5, 1.5, 24)
    hot, _ = running(month({"pue_factor": factor}))
    shape = 1.0 + (PUE - 1.0) * factor
    assert hot.load_mw / hot.load_mw[0] == pytest.approx(shape / shape[0])
    assert running(active=0)[0].load_mw.sum() == 0.0


def test_grid_power_is_billed_and_generators_cover_the_rest():
    firm, _ = running(month({"firm_served_share": 0.9}, {"power_sales_tax_rate": 0.1}))
    wanted = 10.0 * LOAD * PUE * 24.0 * 30.0
    served = wanted * 0.9 * VALUES["grid_availability"]
    assert firm.energy_mwh == pytest.approx(served, rel=1e-12)
    assert firm.bill_usd == pytest.approx(served * 50.0, rel=1e-12)
    assert firm.power_tax_usd == pytest.approx(served * 5.0, rel=1e-12)
    backup = (wanted - served) * 1000.0 * VALUES["backup_power_usd_per_kwh"]
    assert firm.backup_usd == pytest.approx(backup, rel=1e-12)
    assert firm.other_usd == pytest.approx(
        backup + 10.0 * VALUES["ai_other_usd_per_mw_it_year"] / 12.0, rel=1e-12
    )


def test_sites_that_stood_before_the_allocation_pay_the_ordinary_tariff():
    old, _ = running(legacy_mw_it=10.0)
    half, _ = running(legacy_mw_it=5.0)
    assert old.bill_usd == pytest.approx(old.energy_mwh * 120.0, rel=1e-12)
    assert half.bill_usd == pytest.approx(half.energy_mwh * 85.0, rel=1e-12)


def test_merchant_compute_is_sold_at_home_and_abroad():
    firm, now = running()
    revenue = 10.0 * GPU_HOURS * 0.75 * (0.5 * 3.0 + 0.5 * 1.7)
    assert firm.sales_home_usd + firm.sales_abroad_usd == pytest.approx(revenue, rel=1e-9)
    assert firm.sales_home_usd == pytest.approx(0.5 * 3.0 / 2.35 * revenue, rel=1e-9)
    assert now.world.utilisation == firm.utilisation


def test_what_is_not_filled_yet_earns_nothing_and_fills_up():
    firm, _ = running(filling_mw_it=10.0)
    assert firm.sales_home_usd + firm.sales_abroad_usd == 0.0
    assert firm.filling_mw_it == pytest.approx(10.0 * (1.0 - 1.0 / VALUES["ai_filling_months"]))


@pytest.mark.parametrize(("kind", "at_home"), [(SOVEREIGN, True), (HYPERSCALER, False)])
def test_contracts_earn_where_the_buyer_sits(kind, at_home):
    firm, _ = running(anchored_mw_it=10.0, anchored_usd_per_month=8e6, kind=kind)
    assert firm.sales_home_usd + firm.sales_abroad_usd == pytest.approx(8e6, rel=1e-12)
    assert (firm.sales_home_usd > 0.0) == at_home


def test_a_colocation_tenant_pays_for_power():
    firm, _ = running(month({"domestic_price_usd_per_hour": 3.0}), kind=COLOCATION, tenant_credit=0.9)
    lease = VALUES["colocation_lease_usd_per_mw_year"] / 12.0 * 1.5 * 0.75 * 0.9
    power = firm.bill_usd + firm.power_tax_usd + firm.backup_usd
    assert firm.sales_home_usd == pytest.approx(10.0 * lease + power, rel=1e-9)
    assert firm.sales_abroad_usd == 0.0


def test_profit_after_depreciation_is_taxed_when_the_holiday_is_over():
    rich = {"domestic_price_usd_per_hour": 20.0}
    firm, _ = running(month(rich))
    operating = firm.sales_home_usd + firm.sales_abroad_usd - firm.bill_usd - firm.other_usd
    worn = GPUS / VALUES["gpu_life_months"]
    worn += VALUES["ai_facility_capex_usd_per_mw_it"] / VALUES["facility_life_months"]
    expected = VALUES["income_tax_rate"] * (operating - 10.0 * worn)
    assert firm.income_tax_usd == pytest.approx(expected, rel=1e-9)
    assert running(month(rich, {"ai_holiday_months": 120.0}))[0].income_tax_usd == 0.0
    assert running(month(rich, {"ai_holiday_months": 6.0}))[0].income_tax_usd == firm.income_tax_usd
    assert running(month({"domestic_price_usd_per_hour": 0.1}))[0].income_tax_usd == 0.0


def test_losses_are_counted_and_end_the_firm():
    poor = month({"domestic_price_usd_per_hour": 0.1, "export_price_usd_per_hour": 0.1})
    age = np.zeros(16)
    age[NEW_GPU] = 14.0
    firm, _ = running(poor, loss_months=VALUES["ai_exit_months"] - 1.0, gpu_age_months=age)
    assert firm.loss_months == VALUES["ai_exit_months"]
    cash = float(firm.cash_usd)
    AiFirm.review_survival(firm, *poor)
    left = 1.0 - 15.0 / VALUES["gpu_life_months"]
    assert firm.resale_usd == pytest.approx(10.0 * GPUS * VALUES["gpu_residual_share"] * left, rel=1e-12)
    assert firm.dividend_usd + firm.principal_usd >= cash
    assert (firm.left, firm.active, firm.it_mw, firm.gpu_mw_it.sum()) == (1, 0, 0.0, 0.0)
    assert (firm.site_mw, firm.cash_usd, firm.debt_usd) == (0.0, 0.0, 0.0)
    assert running(loss_months=7.0)[0].loss_months == 0.0


def renewed(now, **values):
    fleet, age = np.zeros(16), np.zeros(16)
    fleet[1], fleet[2] = 2.0, 1.0
    age[1] = VALUES["gpu_life_months"]
    firm = ai_firm(**{"it_mw": 3.0, "active": 1, "gpu_mw_it": fleet, "gpu_age_months": age, **values})
    AiFirm.build(firm, *now)
    return firm


def test_worn_out_gpus_are_renewed_if_new_ones_pay_and_retired_otherwise():
    good = renewed(month(LUCRATIVE))
    assert (good.it_mw, good.gpu_mw_it[1], good.gpu_mw_it[2], good.gpu_mw_it[NEW_GPU]) == (3.0, 0.0, 1.0, 2.0)
    assert good.hardware_usd == pytest.approx(2.0 * GPUS, rel=1e-12)
    for bad in (renewed(month(POOR)), renewed(month(LUCRATIVE), funds_usd=1e5)):
        assert (bad.it_mw, bad.hardware_usd) == (1.0, 0.0)
    assert renewed(month(POOR), anchored_mw_it=3.0, anchored_usd_per_month=3e6).anchored_usd_per_month == 1e6
    last = renewed(month(POOR), it_mw=2.0)
    assert (last.it_mw, last.loss_months) == (0.0, VALUES["ai_exit_months"])


def test_staff_ramp_up_locals_replace_expatriates_and_builders_leave():
    fitting = VALUES["gpu_fitting_months"]
    firm = ai_firm(active=1, it_mw=10.0, opened_month=-6, build_months=12.0 - fitting)
    jobs = VALUES["ai_jobs_per_mw"] * VALUES["local_labour_factor"] * 10.0 * PUE
    totals, abroad = [], []
    for now in (6, 12, 18, 40):
        AiFirm.recruit(firm, *month({"month": now}))
        totals.append((float(firm.staff_target.sum()) + firm.expats) / jobs)
        abroad.append(firm.expats / (float(firm.staff_target.sum()) + firm.expats))
    ramp = VALUES["staff_ramp_months"]
    ages = np.array([0.0, 6.0, 12.0, 34.0])
    assert totals == pytest.approx(np.minimum(1.0, ages / ramp + 0.25), rel=1e-9)
    assert abroad == pytest.approx(VALUES["expat_share_start"] * np.exp(-ages / ramp), rel=1e-9)
    firm.building_mw, firm.project, firm.kind = 3.0, BUILDING, COLOCATION
    AiFirm.recruit(firm, *month({"month": 400}))
    factor = VALUES["local_labour_factor"]
    assert firm.builders_target.sum() == pytest.approx(3.0 * VALUES["ai_construction_jobs_per_mw"] * factor)
    wanted = 10.0 * VALUES["colocation_jobs_per_mw"] * factor
    assert firm.staff_target.sum() == pytest.approx(wanted)
    AiFirm.hire(firm, *month({"hire_share": 0.25}))
    assert firm.builders == pytest.approx(0.25 * firm.builders_target)
    firm.project = FITTING
    AiFirm.recruit(firm, *month({"month": 400}))
    assert firm.builders_target.sum() == 0.0


def test_expatriates_are_paid_abroad():
    firm, _ = running(expats=2.0)
    assert firm.expat_wages_usd == pytest.approx(2.0 * VALUES["expat_wage_usd_per_month"])
    assert firm.wages_usd == 0.0
