"""A miner's plans: which status it takes, how it renews, expands and withdraws."""

from __future__ import annotations

import math

import pytest

from agents.machines import delivery_months
from agents.miner import FARM, STATE, WORLD, Miner
from agents.miner_appraisal import best_generation, terms_of
from tests.agents.observed import J_PER_TH, NEWEST, VALUES, miner, month, running_miner

RICH = {"forecast_log_hashprice": math.log(200.0)}


def planned(now, **values):
    firm = miner(**{"draws": 0.0, **values})
    Miner.plan(firm, *now)
    return firm


def test_nobody_enters_where_mining_does_not_pay():
    firm = planned(month({"forecast_log_hashprice": math.log(20.0)}))
    assert firm.applied_mw == firm.granted_mw == firm.entered == 0.0


def test_an_honest_firm_applies_for_the_offer_and_waits():
    firm = planned(month(RICH), morale=9.0)
    assert (firm.compliance, firm.applied_mw, firm.granted_mw, firm.entered) == (0, 5.0, 0.0, 1)
    assert firm.bid_usd_per_mw > 0.0


def test_a_thief_enters_at_once_with_a_site_that_can_be_hidden():
    firm = planned(
        month(RICH, {"mining_legal": 0}), morale=0.0, perceived_hazard=0.0,
        target_mw=VALUES["theft_site_limit_mw"],
    )  # fmt: skip
    assert (firm.compliance, firm.applied_mw) == (2, 0.0)
    assert firm.granted_mw == VALUES["theft_site_limit_mw"]


def test_a_firm_without_a_bypass_turns_grey_where_mining_is_illegal():
    now = month({**RICH, "industrial_tariff_usd_per_kwh": 0.05}, {"mining_legal": 0})
    assert planned(now, can_bypass=0, morale=0.0).compliance == 1
    assert planned(now, can_bypass=0, morale=9.0).entered == 0


def test_morale_and_fear_keep_a_firm_honest():
    tempting = month(RICH, {"fine_usd_per_mw": 1e6}, theft_site_limit_mw=20.0)
    assert planned(tempting, target_mw=2.0, morale=0.0, perceived_hazard=0.0).compliance == 2
    assert planned(tempting, target_mw=2.0, morale=5.0, perceived_hazard=0.0).compliance == 0
    assert planned(tempting, target_mw=2.0, morale=0.0, perceived_hazard=0.2).compliance == 0


def test_own_funds_and_their_leverage_limit_the_site():
    rich = planned(month(RICH), morale=9.0)
    rig = int(rich.planned_generation)
    now = month(RICH)
    per_ths = now.world.rig_price_usd_per_ths[rig] * (1.0 + VALUES["rig_freight_share"])
    megawatt_per_ths = J_PER_TH[rig] * 1.1 / 1e6
    cost_per_mw = VALUES["mining_site_capex_usd_per_mw"] + per_ths / megawatt_per_ths
    poor = planned(now, morale=9.0, funds_usd=2.0 * cost_per_mw)
    assert poor.applied_mw == pytest.approx(2.0, rel=1e-9)
    levered = planned(now, morale=9.0, funds_usd=2.0 * cost_per_mw, debt_share=0.5)
    assert levered.applied_mw == pytest.approx(4.0, rel=1e-9)
    assert planned(now, morale=9.0, funds_usd=100.0).applied_mw == 0.0


def test_imitation_lowers_the_hurdle():
    firm, now = miner(morale=9.0), month(RICH)
    terms = terms_of(firm, *now, 0, 5.0)
    _, ratio, _ = best_generation(firm, *now, 0, terms, True, -1.0)
    hurdle = ratio + 0.01
    assert planned(now, morale=9.0, hurdle=hurdle).applied_mw == 0.0
    crowd = month({**RICH, "entrants_log": math.log1p(1000.0)}, imitation_weight=0.01)
    assert planned(crowd, morale=9.0, hurdle=hurdle).applied_mw == 5.0


def test_an_applicant_withdraws_when_its_case_is_gone_and_updates_its_bid_otherwise():
    firm = planned(month(RICH), morale=9.0)
    first_bid = firm.bid_usd_per_mw
    Miner.plan(firm, *month({"forecast_log_hashprice": math.log(180.0)}))
    assert firm.applied_mw == 5.0
    assert 0.0 < firm.bid_usd_per_mw != first_bid
    Miner.plan(firm, *month({"forecast_log_hashprice": math.log(20.0)}))
    assert firm.applied_mw == 0.0


@pytest.mark.parametrize("waiting", [{"order_ths": 5.0}, {"building_mw": 1.0}])
def test_one_project_at_a_time(waiting):
    firm = planned(month(RICH), morale=9.0, **waiting)
    assert firm.applied_mw == firm.granted_mw == 0.0


def ordered(firm):
    """Generation, TH/s and months to delivery of a firm's last order, from makers or dealers."""
    order = "used_order" if firm.order_used else "order"
    return tuple(getattr(firm, f"{order}_{name}") for name in ("generation", "ths", "months_left"))


def test_a_full_licensed_site_applies_for_more_power():
    firm = running_miner(draws=0.0, target_mw=50.0)
    firm.fleet_ths[:] = 0.0
    firm.fleet_ths[NEWEST] = 5e6 / (J_PER_TH[NEWEST] * 1.1)
    Miner.plan(firm, *month(RICH))
    assert firm.order_ths == 0.0
    assert firm.applied_mw == pytest.approx(VALUES["expansion_share"] * 5.0, rel=1e-9)
    assert firm.compliance == 0


def test_nobody_replaces_less_than_the_smallest_site():
    now = month(RICH)
    for share, orders in ((0.99, False), (1.01, True)):
        firm = running_miner(draws=0.0, target_mw=5.0)
        firm.fleet_ths[:] = 0.0
        old_mw = share * VALUES["smallest_site_mw"]
        firm.fleet_ths[0] = old_mw * 1e6 / (J_PER_TH[0] * 1.1)
        firm.fleet_ths[NEWEST] = (5.0 - old_mw) * 1e6 / (J_PER_TH[NEWEST] * 1.1)
        Miner.plan(firm, *now)
        assert (firm.order_ths + firm.used_order_ths > 0.0) == orders


def test_free_power_is_filled_step_by_step():
    firm = running_miner(draws=0.0, site_mw=20.0)
    now = month(RICH)
    Miner.plan(firm, *now)
    rig, ths, months_left = ordered(firm)
    ordered_mw = ths * J_PER_TH[rig] * 1.1 / 1e6
    assert ordered_mw == pytest.approx(VALUES["expansion_share"] * 20.0, rel=1e-9)
    assert months_left == 1 + math.ceil(delivery_months(now.world, now.par, rig))
    assert firm.hardware_usd > 0.0


def test_machines_that_pay_in_no_hour_are_sold_off():
    firm = running_miner(draws=0.0)
    firm.fleet_ths[0] = 1000.0
    now = month({"rig_on_sale": 0.0})
    Miner.plan(firm, *now)
    assert firm.fleet_ths[0] == pytest.approx(1000.0 * (1.0 - VALUES["obsolete_sale_share"]))
    proceeds = firm.sold_ths[0] * now.world.rig_price_usd_per_ths[0] * VALUES["resale_share"]
    assert firm.resale_usd == pytest.approx(proceeds, rel=1e-12)
    assert firm.sold_ths[8] == 0.0


def test_worn_out_machines_are_replaced_when_new_ones_gain_enough():
    cheap = {"forecast_log_hashprice": math.log(65.0), "rig_price_usd_per_ths": 150.0 / J_PER_TH}
    for world, hurdle, replaced in ((cheap, 0.1, True), (cheap, 50.0, False), ({}, 0.1, False)):
        firm = running_miner(draws=0.0, fleet_ths=0.0, hurdle=hurdle)
        firm.fleet_ths[4] = 5e6 / (J_PER_TH[4] * 1.1)
        Miner.plan(firm, *month(world))
        rig, ths, _ = ordered(firm)
        assert (ths > 0.0) == replaced
        assert not replaced or J_PER_TH[rig] < J_PER_TH[4]


def test_miners_abroad_follow_the_same_rules_at_their_own_price():
    abroad = {
        "home": 0,
        "kind": WORLD,
        "lawful": 1,
        "draws": 0.0,
        "target_mw": 1e9,
        "site_mw": 20.0,
        "cash_usd": 1e9,
    }
    cheap, dear = (running_miner(power_price_usd_per_kwh=price, **abroad) for price in (0.02, 0.30))
    for firm in (cheap, dear):
        Miner.plan(firm, *month({"forecast_log_hashprice": math.log(80.0)}))
    assert ordered(cheap)[1] > 0.0
    assert cheap.duty_usd == cheap.hardware_tax_usd == 0.0
    assert dear.order_ths == dear.used_order_ths == 0.0


def test_the_state_builds_a_share_at_a_time_up_to_its_target_while_that_pays():
    policy = {"state_mining_mw": 100.0}
    state = {"kind": STATE, "lawful": 1, "target_mw": 1e9, "site_mw": 0.0, "active": 0, "draws": 0.0}
    firm = miner(**state)
    Miner.plan(firm, *month(RICH, policy))
    assert firm.granted_mw == pytest.approx(VALUES["expansion_share"] * 100.0)
    nearly = miner(**{**state, "site_mw": 95.0})
    Miner.plan(nearly, *month(RICH, policy))
    assert nearly.granted_mw == pytest.approx(5.0)
    for world, instruments in ((RICH, {}), ({"forecast_log_hashprice": math.log(10.0)}, policy)):
        idle = miner(**state)
        Miner.plan(idle, *month(world, instruments))
        assert idle.granted_mw == idle.applied_mw == 0.0
    assert FARM != STATE
