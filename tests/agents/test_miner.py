"""A miner month by month: run or idle, build, be inspected, leave; checked on paper with round numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.miner import Miner
from agents.policy import SURPLUS_HOURS
from agents.world import U_CONSIDER, U_DETECTION, U_FORECASTER, U_SWITCH
from tests.agents.observed import J_PER_TH, VALUES, miner, month, running_miner

POOL = 1.0 - VALUES["pool_fee_share"]
AVAILABILITY = VALUES["mining_availability"]


def revenue_usd_per_kwh(hashprice: float, j_per_th: float, pue: float) -> float:
    """A PH/s earns the hashprice in a day and draws 24 times J/TH kilowatt-hours, times PUE."""
    return hashprice * POOL / (24.0 * j_per_th * pue)


@settings(deadline=None, max_examples=200)
@given(st.floats(5.0, 200.0), st.floats(0.0, 0.3), st.integers(0, 15))
def test_a_generation_runs_iff_its_revenue_covers_the_hours_power(hashprice, tariff, generation):
    now = month({"hashprice_usd_per_ph_day": hashprice, "offer_tariff_usd_per_kwh": tariff})
    firm = running_miner(fleet_ths=0.0)
    firm.fleet_ths[generation] = 1000.0
    Miner.run(firm, *now)
    margin = revenue_usd_per_kwh(hashprice, J_PER_TH[generation], 1.1) - tariff
    if abs(margin) > 1e-12:
        assert (firm.energised_mw > 0.0) == (margin > 0.0)


def test_what_runs_draws_its_power_and_hashes():
    firm = running_miner()
    Miner.run(firm, *month())
    ths = 5e6 / (J_PER_TH[8] * 1.1) * AVAILABILITY
    assert firm.load_mw == pytest.approx(np.full(24, 5.0 * AVAILABILITY), rel=1e-12)
    assert firm.mean_hash_ehs == pytest.approx(ths / 1e6, rel=1e-12)
    assert firm.energised_mw == pytest.approx(5.0 * AVAILABILITY, rel=1e-12)


def test_old_machines_stop_first_and_dear_hours_are_skipped():
    firm = running_miner(fleet_ths=0.0)
    firm.fleet_ths[4], firm.fleet_ths[10] = 1e5, 1e5
    tariff = np.where(np.arange(24) < 6, 0.02, 0.07)
    Miner.run(firm, *month({"offer_tariff_usd_per_kwh": tariff}))
    old, new = (1e5 * AVAILABILITY * j * 1.1 / 1e6 for j in (30.0, 15.0))
    assert firm.load_mw[:6] == pytest.approx(np.full(6, old + new))
    assert firm.load_mw[6:] == pytest.approx(np.full(18, new))
    assert firm.energised_mw == pytest.approx((6 * (old + new) + 18 * new) / 24)


def test_the_response_of_a_fleet_to_price_depends_on_its_state():
    """The same cent cuts nothing from new machines, everything from old ones: no elasticity is set
    anywhere.
    """

    def load(generation: int, tariff: float) -> float:
        firm = running_miner(fleet_ths=0.0)
        firm.fleet_ths[generation] = 1e5
        Miner.run(firm, *month({"offer_tariff_usd_per_kwh": tariff}))
        return float(firm.energised_mw)

    assert load(10, 0.06) == load(10, 0.07) > 0.0
    assert load(4, 0.06) > load(4, 0.07) == 0.0


@pytest.mark.parametrize(
    "changes", [{"active": 0, "left": 1}, {"cutoff_months_left": 2.0}, {"fleet_ths": 0.0}]
)
def test_nothing_runs_without_a_site_power_or_machines(changes):
    firm = running_miner(load_mw=1.0, hash_ehs=1.0, energised_mw=1.0, **changes)
    Miner.run(firm, *month())
    assert firm.load_mw.sum() == firm.hash_ehs.sum() == firm.energised_mw == firm.mean_hash_ehs == 0.0


def test_surplus_contracts_run_in_surplus_hours_only():
    surplus = (np.arange(24) < 9).astype(float)
    now = month({"surplus_hour": surplus}, {"allocation_rule": SURPLUS_HOURS})
    licensed, grey = running_miner(), running_miner(compliance=1)
    now.world.industrial_tariff_usd_per_kwh = 0.03
    Miner.run(licensed, *now)
    Miner.run(grey, *now)
    assert ((licensed.load_mw > 0.0) == (surplus > 0.0)).all()
    assert (grey.load_mw > 0.0).all()


def test_a_thief_runs_whatever_it_has_because_its_power_is_free():
    firm = running_miner(compliance=2, fleet_ths=1000.0)
    Miner.run(firm, *month({"hashprice_usd_per_ph_day": 0.1}))
    assert firm.energised_mw == pytest.approx((1000.0 * AVAILABILITY * J_PER_TH * 1.1 / 1e6).sum())


def inspected(draw: float, rate: float = 0.1, policy=None, **values):
    """A running site of 5 MW after its inspection at a rate per unit of signature."""
    now = month({"detection_rate_per_signature": rate}, policy)
    firm = running_miner(**{"energised_mw": 5.0, "compliance": 2, **values})
    firm.draws[U_DETECTION] = draw
    Miner.face_inspection(firm, *now)
    return firm


def test_a_site_is_caught_when_its_draw_falls_below_its_hazard():
    signature = 5.0 ** VALUES["signature_exponent"]
    assert inspected(0.1 * signature * 0.999).caught == 1
    assert inspected(0.1 * signature * 1.001).caught == 0
    seen = VALUES["grey_visibility"]
    assert inspected(0.1 * signature * seen * 0.999, compliance=1).caught == 1
    assert inspected(0.1 * signature * seen * 1.001, compliance=1).caught == 0


@pytest.mark.parametrize("values", [{"compliance": 0}, {"home": 0}, {"active": 0}, {"energised_mw": 0.0}])
def test_nobody_is_caught_without_illegal_load(values):
    assert inspected(0.0, rate=1.0, **values).caught == 0


def test_a_caught_site_pays_loses_machines_and_is_cut_off():
    policy = {"fine_usd_per_mw": 100_000.0, "seizure_share": 0.4, "cutoff_months": 6.0}
    firm = inspected(0.0, policy=policy)
    fleet = 5e6 / (J_PER_TH[8] * 1.1)
    assert firm.fine_usd == pytest.approx(5.0 * 100_000.0 * VALUES["penalty_collected_share"], rel=1e-12)
    assert firm.cash_usd == pytest.approx(1e6 - firm.fine_usd, rel=1e-12)
    assert (firm.seized_ths[8], firm.fleet_ths[8]) == (pytest.approx(0.4 * fleet), pytest.approx(0.6 * fleet))
    assert firm.cutoff_months_left == 6.0
    poor = inspected(0.0, policy=policy, cash_usd=10.0)
    assert (poor.fine_usd, poor.cash_usd) == (10.0, 0.0)


def test_cut_off_months_pass_before_anything_is_planned():
    firm = running_miner(cutoff_months_left=2.0, draws=0.0)
    for left in (1.0, 0.0):
        Miner.plan(firm, *month())
        assert firm.cutoff_months_left == left
        assert firm.order_ths == 0.0


def test_miners_learn_from_raids_and_forget():
    """M6: what is above the true rate fades by the memory's share a month; a raid, own or a peer's, adds
    to it.
    """
    quiet, caught = inspected(1.0, rate=0.02), inspected(0.0, rate=0.02)
    assert quiet.perceived_hazard == pytest.approx(0.02 + VALUES["hazard_memory"] * (0.01 - 0.02), rel=1e-12)
    assert caught.perceived_hazard == 1.0
    for _ in range(400):
        Miner.face_inspection(quiet, *month({"detection_rate_per_signature": 0.02}))
    assert quiet.perceived_hazard == pytest.approx(0.02, rel=1e-9)
    quiet.peer_caught_share = 0.25
    Miner.face_inspection(quiet, *month({"detection_rate_per_signature": 0.02}))
    assert quiet.perceived_hazard == pytest.approx(0.27, rel=1e-9)


def survived(policy=None, **values):
    firm = running_miner(**values)
    now = month(policy=policy, exit_months=3.0)
    Miner.review_survival(firm, *now)
    return firm, now


@pytest.mark.parametrize(
    ("policy", "values", "leaves"),
    [
        ({}, {}, 0),
        ({}, {"loss_months": 2.0}, 0),
        ({}, {"loss_months": 3.0}, 1),
        ({}, {"loss_months": 3.0, "slowness": 1.5}, 0),
        ({}, {"debt_usd": 1e9, "interest_usd": 1e7, "loss_months": 1.0}, 0),
        ({"mining_legal": 0}, {}, 1),
        ({"mining_legal": 0}, {"compliance": 2}, 0),
        ({"mining_legal": 0}, {"home": 0}, 0),
        ({}, {"active": 0, "loss_months": 9.0}, 0),
    ],
)
def test_who_leaves(policy, values, leaves):
    assert survived(policy, **values)[0].left == leaves


@pytest.mark.parametrize(("interest_usd", "left_usd"), [(1e7, 0.0), (1e3, 1e9)])
def test_a_firm_that_cannot_carry_its_debt_goes_to_its_creditors_and_mines_on(interest_usd, left_usd):
    firm, _ = survived(debt_usd=1e9, interest_usd=interest_usd, payoff_usd_per_mw=1e5)
    assert firm.debt_usd == left_usd
    assert firm.written_off_usd == 1e9 - left_usd
    assert (firm.left, firm.active) == (0, 1)
    assert firm.fleet_ths.sum() > 0.0


def test_leaving_sells_the_fleet_repays_and_pays_out():
    firm, now = survived(
        loss_months=5.0, debt_usd=1.2e6, coins_btc=2.0, order_ths=100.0, order_generation=9, funds_usd=0.0
    )
    fleet = 5e6 / (J_PER_TH[8] * 1.1)
    proceeds = fleet * now.world.rig_price_usd_per_ths[8] * VALUES["resale_share"]
    assert firm.resale_usd == pytest.approx(proceeds, rel=1e-12)
    assert (firm.sold_ths[8], firm.sold_ths[9], firm.order_ths) == (pytest.approx(fleet), 100.0, 0.0)
    assert firm.principal_usd == 1.2e6
    assert firm.dividend_usd == pytest.approx(1e6 + proceeds + 200_000.0 - 1.2e6, rel=1e-12)
    assert firm.funds_usd == firm.dividend_usd
    gone = ("cash_usd", "debt_usd", "coins_btc", "site_mw", "energised_mw", "active", "written_off_usd")
    assert [firm[name] for name in gone] == [0.0] * len(gone)
    assert firm.fleet_ths.sum() == firm.load_mw.sum() == 0.0
    assert firm.cutoff_months_left == VALUES["reentry_months"]


def test_debt_beyond_everything_is_a_recorded_default():
    firm, _ = survived(loss_months=5.0, debt_usd=1e9)
    assert firm.written_off_usd == pytest.approx(1e9 - firm.principal_usd, rel=1e-12)
    assert firm.written_off_usd > 0.0
    assert firm.debt_usd == firm.cash_usd == firm.dividend_usd == 0.0


@pytest.mark.parametrize(("u", "rule"), [(0.05, 0), (0.35, 1), (0.65, 2), (0.95, 3)])
def test_a_firm_that_reconsiders_draws_its_forecaster_from_the_shares(u, rule):
    now = month({"forecaster_share": [0.1, 0.3, 0.4, 0.2]})
    firm = miner(forecaster=9)
    firm.draws[U_SWITCH], firm.draws[U_FORECASTER] = 0.0, u
    Miner.expect(firm, *now)
    assert firm.forecaster == rule
    firm.forecaster = 9
    firm.draws[U_SWITCH] = 1.0 - VALUES["forecast_inertia"]
    Miner.expect(firm, *now)
    assert firm.forecaster == 9


def test_sites_are_built_and_paid_month_by_month_and_machines_come_later():
    firm = miner(granted_mw=2.0, planned_generation=9, cash_usd=0.0, debt_share=0.5)
    now = month({"delivery_months": 6.0}, mining_build_months=4.0)
    history = []
    for step in range(8):
        now.world.month = 6 + step
        Miner.build(firm, *now)
        history.append((float(firm.site_mw), float(firm.building_mw), float(firm.fleet_ths[9])))
    ths = 2.0 * 1e6 / (J_PER_TH[9] * 1.1)
    assert [site for site, _, _ in history] == [0.0] * 3 + [2.0] * 5
    assert [building for _, building, _ in history] == [2.0] * 3 + [0.0] * 5
    assert [fleet for *_, fleet in history] == pytest.approx([0.0] * 6 + [ths] * 2)
    site = 2.0 * VALUES["mining_site_capex_usd_per_mw"]
    assert firm.site_usd == pytest.approx(site, rel=1e-12)
    machines = firm.hardware_usd + firm.duty_usd + firm.hardware_tax_usd
    assert firm.loan_usd + firm.equity_usd == pytest.approx(site + machines, rel=1e-12)
    assert firm.loan_usd == pytest.approx(0.5 * (site + machines), rel=1e-12)
    assert firm.cash_usd == pytest.approx(0.0, abs=1e-6)
    assert (firm.active, firm.opened_month) == (1, 6)


def test_declared_machines_pay_duty_and_tax_smuggled_ones_a_premium():
    policy = {"hardware_duty_rate": 0.05, "hardware_sales_tax_rate": 0.18}
    paid = {}
    for status in (0, 1):
        firm = miner(granted_mw=2.0, planned_generation=9, compliance=status)
        now = month(policy=policy)
        Miner.build(firm, *now)
        paid[status] = firm
    price = paid[0].order_ths * now.world.rig_price_usd_per_ths[9]
    assert paid[0].duty_usd == pytest.approx(0.05 * price, rel=1e-12)
    assert paid[0].hardware_tax_usd == pytest.approx(0.18 * price, rel=1e-12)
    assert paid[0].hardware_usd == pytest.approx(price * (1.0 + VALUES["rig_freight_share"]), rel=1e-12)
    assert paid[1].duty_usd == paid[1].hardware_tax_usd == 0.0
    informal = 1.0 + VALUES["rig_freight_share"] + VALUES["smuggling_premium_share"]
    assert paid[1].hardware_usd == pytest.approx(price * informal, rel=1e-12)


def test_new_machines_push_the_worst_out_of_a_full_site():
    firm = running_miner(order_ths=1000.0, order_generation=10, order_months_left=1.0)
    firm.fleet_ths[3] = 500.0
    full = firm.fleet_ths[8]
    firm.site_mw = (full * J_PER_TH[8] + 500.0 * J_PER_TH[3]) * 1.1 / 1e6
    Miner.build(firm, *month())
    used = (firm.fleet_ths * J_PER_TH).sum() * 1.1 / 1e6
    assert used == pytest.approx(firm.site_mw, rel=1e-9)
    assert firm.fleet_ths[10] == 1000.0
    assert firm.fleet_ths[8] == full
    assert firm.sold_ths[3] == pytest.approx(1000.0 * J_PER_TH[10] / J_PER_TH[3], rel=1e-9)
    assert firm.resale_usd > 0.0


def test_staff_follow_the_load_and_builders_the_site():
    firm = running_miner(energised_mw=4.0, building_mw=3.0)
    Miner.recruit(firm, *month())
    factor = VALUES["local_labour_factor"]
    wanted = 4.0 * VALUES["mining_jobs_per_mw"] * factor
    assert firm.staff_target.sum() + firm.expats == pytest.approx(wanted, rel=1e-12)
    assert firm.builders_target.sum() == pytest.approx(
        3.0 * VALUES["mining_construction_jobs_per_mw"] * factor, rel=1e-12
    )
    Miner.hire(firm, *month({"hire_share": 0.5}))
    assert firm.staff == pytest.approx(0.5 * firm.staff_target, rel=1e-12)
    firm.staff_target[:] = 0.1 * firm.staff_target
    Miner.hire(firm, *month({"hire_share": 0.0}))
    assert firm.staff == pytest.approx(firm.staff_target, rel=1e-12)


def test_firms_consider_only_with_their_monthly_probability():
    firm = miner(morale=9.0)
    now = month({"forecast_log_hashprice": math.log(200.0)}, consider_probability_per_month=0.25)
    firm.draws[U_CONSIDER] = 0.25
    Miner.plan(firm, *now)
    assert firm.applied_mw == 0.0
    firm.draws[U_CONSIDER] = 0.2499
    Miner.plan(firm, *now)
    assert (firm.applied_mw, firm.compliance, firm.applied_month) == (5.0, 0, 6)
