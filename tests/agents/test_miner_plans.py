"""A miner's investment: what a machine is worth to it, which status it takes, how it renews, expands and
withdraws.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.machines import delivery_months, kw_per_ths
from agents.miner import FARM, STATE, WORLD, Miner
from agents.miner_appraisal import (
    allowed_statuses,
    best_generation,
    detection_per_month,
    income_tax_rate,
    size_limit_mw,
    value_usd_per_ths,
)
from agents.policy import SURPLUS_HOURS
from agents.rules.finance import expected_margin
from tests.agents.observed import J_PER_TH, NEWEST, VALUES, miner, month, running_miner

DAYS, HOURS = 30.4375, 730.5
RICH = {"forecast_log_hashprice": math.log(200.0)}


def value_month_by_month(
    firm, now, status: int, generation: int, power: float, lag: int
) -> tuple[float, float]:
    """Present value of a TH/s as a plain sum over its months, and its first month's revenue.

    Margins come at the end of each month; revenue declines from today on and drops at the halving; the
    machine idles in months that do not pay, and fails.
    """
    world, policy, par = now
    hashprice = math.exp(world.forecast_log_hashprice[firm.forecaster])
    revenue = hashprice / 1000.0 * DAYS * par.mining_availability * (1.0 - par.pool_fee_share)
    kwh = J_PER_TH[generation] * firm.pue / 1000.0 * HOURS * par.mining_availability
    cost = kwh * (power + par.mining_other_usd_per_kwh)
    megawatt = J_PER_TH[generation] * firm.pue / 1e6
    rate = firm.wacc_per_year + par.country_risk_premium
    if status == 0:
        rate += world.reversal_hazard_per_year
        revenue *= 1.0 - policy.turnover_tax_rate
        cost += megawatt * policy.licence_fee_usd_per_mw_year / 12.0
    hazard = detection_per_month(firm, world, policy, par, status, 5.0)
    cost += hazard * policy.fine_usd_per_mw * par.penalty_collected_share * megawatt
    value, failing = 0.0, math.exp(-par.rig_failure_per_month)
    for age in range(1, int(par.rig_life_months) + 1):
        era = 1.0 if age + lag <= world.months_to_halving else par.halving_revenue_share
        mean = revenue * era * math.exp(-par.hashprice_decline_per_month * (lag + age))
        margin = expected_margin(mean, cost, par.hashprice_spread) * failing**age
        value += margin * (1.0 + rate) ** (-(lag + age) / 12.0) * math.exp(-hazard * (lag + age))
    return value, revenue


@settings(deadline=None, max_examples=100)
@given(
    st.floats(20.0, 250.0), st.floats(0.0, 0.12), st.integers(0, 60), st.integers(0, 24),
    st.integers(6, 12), st.integers(0, 2),
)  # fmt: skip
def test_the_value_of_a_terahash_is_the_present_value_of_its_margin(
    hashprice, power, halving, lag, generation, status
):
    now = month(
        {
            "forecast_log_hashprice": math.log(hashprice),
            "months_to_halving": halving,
            "reversal_hazard_per_year": 0.2,
        },
        {"turnover_tax_rate": 0.02, "licence_fee_usd_per_mw_year": 3000.0, "fine_usd_per_mw": 90_000.0},
        hashprice_spread=0.0,
    )
    firm = miner()
    found = value_usd_per_ths(firm, *now, status, generation, 5.0, power, float(lag))
    expected, revenue = value_month_by_month(firm, now, status, generation, power, lag)
    # The rule closes within a month, when revenue meets cost; the sum here closes at the month's end
    assert found == pytest.approx(expected, rel=1e-9, abs=VALUES["hashprice_decline_per_month"] * revenue)


def test_the_value_is_exact_while_the_machine_never_closes():
    now, firm = month({**RICH, "months_to_halving": 20.0}, hashprice_spread=0.0), miner()
    found = value_usd_per_ths(firm, *now, 0, NEWEST, 5.0, 0.02, 6.0)
    expected, _ = value_month_by_month(firm, now, 0, NEWEST, 0.02, 6)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("hashprice", [15.0, 30.0, 60.0, 200.0])
@pytest.mark.parametrize("halving", [0.0, 20.0, 60.0])
def test_the_value_under_uncertainty_is_the_sum_of_its_months(hashprice, halving):
    now, firm = month({"forecast_log_hashprice": math.log(hashprice), "months_to_halving": halving}), miner()
    found = value_usd_per_ths(firm, *now, 0, NEWEST, 5.0, 0.05, 3.0)
    expected, _ = value_month_by_month(firm, now, 0, NEWEST, 0.05, 3)
    assert found == pytest.approx(expected, rel=5e-3)


def worth(now, status: int = 0, **values) -> float:
    return value_usd_per_ths(miner(**values), *now, status, NEWEST, 5.0, 0.05, 6.0)


def test_what_lowers_the_worth_of_a_machine():
    base = worth(month())
    assert worth(month(country_risk_premium=0.15)) < base
    assert worth(month({"reversal_hazard_per_year": 0.3})) < base
    grandfathered = month({"reversal_hazard_per_year": 0.3}, {"grandfathered": 1})
    assert worth(grandfathered) == base
    assert worth(month({"months_to_halving": 6.0})) < base
    assert worth(month({"interruptible_served_mean": 0.8})) == pytest.approx(0.8 * base, rel=1e-9)
    surplus = month({"surplus_share": 0.25}, {"allocation_rule": SURPLUS_HOURS})
    assert worth(surplus) == pytest.approx(0.25 * base, rel=1e-9)


def test_a_thief_fears_the_fine_and_the_end_of_its_business():
    calm, wary = (worth(month(), 2, perceived_hazard=hazard) for hazard in (0.0, 0.05))
    fined = worth(month(policy={"fine_usd_per_mw": 1e6}), 2, perceived_hazard=0.05)
    assert calm > wary > fined
    assert worth(month(policy={"fine_usd_per_mw": 1e6}), 2, perceived_hazard=0.0) == calm


def test_perceived_detection_scales_with_the_load_that_can_be_seen():
    firm, now = miner(), month()
    small, large = (detection_per_month(firm, *now, 2, mw) for mw in (0.5, 5.0))
    assert large / small == pytest.approx(10.0 ** VALUES["signature_exponent"], rel=1e-9)
    grey = detection_per_month(firm, *now, 1, 5.0)
    assert grey / large == pytest.approx(VALUES["grey_visibility"], rel=1e-9)
    assert detection_per_month(firm, *now, 0, 5.0) == 0.0
    assert detection_per_month(miner(home=0), *now, 2, 5.0) == 0.0


def test_the_best_machine_is_the_one_with_the_highest_return_on_its_landed_cost():
    firm, now = miner(), month(RICH)
    rig, ratio, cost = best_generation(firm, *now, 0, 5.0, False, -1.0)
    returns = {}
    for generation in np.flatnonzero(now.world.rig_on_sale):
        landed = now.world.rig_price_usd_per_ths[generation] * (1.0 + VALUES["rig_freight_share"])
        lag = delivery_months(now.world, now.par, int(generation))
        value = value_usd_per_ths(firm, *now, 0, int(generation), 5.0, 0.05, lag)
        npv = value - landed
        returns[int(generation)] = (npv * (1.0 - VALUES["income_tax_rate"]) if npv > 0.0 else npv) / landed
    assert rig == max(returns, key=returns.get)
    assert ratio == pytest.approx(returns[rig], rel=1e-12)
    assert cost == pytest.approx(now.world.rig_price_usd_per_ths[rig] * (1.0 + VALUES["rig_freight_share"]))
    now.world.rig_on_sale = 0.0
    assert best_generation(firm, *now, 0, 5.0, False, -1.0)[0] == -1


@settings(deadline=None, max_examples=200)
@given(
    st.floats(5.0, 300.0), st.integers(0, 2), st.booleans(), st.floats(-0.9, 2.0),
    st.sampled_from([-0.01, 0.0, 0.01, 0.03]),
    st.one_of(st.just(0.0), st.floats(0.01, 1.0)), st.integers(0, 60),
)  # fmt: skip
def test_a_glance_hides_no_machine_that_returns_enough(
    hashprice, status, with_site, least, decline, spread, halving
):
    forecast = {
        "forecast_log_hashprice": math.log(hashprice),
        "hashprice_decline_per_month": decline,
        "months_to_halving": halving,
    }
    firm, now = miner(), month(forecast, hashprice_spread=spread)
    unasked = best_generation(firm, *now, status, 5.0, with_site, -1.0)
    asked = best_generation(firm, *now, status, 5.0, with_site, least)
    assert asked == (unasked if unasked[1] > least else (-1, least, 0.0))


@settings(deadline=None, max_examples=100)
@given(st.floats(5.0, 300.0), st.floats(0.0, 2.0), st.floats(1.0, 1e6))
def test_a_glance_hides_no_machine_worth_more_with_what_it_frees(hashprice, least, freed):
    firm, now = miner(), month({"forecast_log_hashprice": math.log(hashprice)})
    unasked = best_generation(firm, *now, 0, 5.0, False, -1.0)
    asked = best_generation(firm, *now, 0, 5.0, False, least, freed)
    if asked[0] < 0 and unasked[0] >= 0:
        rig, ratio, cost = unasked
        assert (ratio - least) * cost / (kw_per_ths(J_PER_TH[rig], firm.pue) / 1000.0) + freed <= 0.0
    else:
        assert asked == unasked


@pytest.mark.parametrize(
    ("status", "policy", "expected"),
    [
        (0, {"income_tax_rate": 0.3}, 0.3),
        (0, {"income_tax_rate": -1.0}, VALUES["income_tax_rate"]),
        (0, {"income_tax_rate": 0.3, "holiday_months": 24.0}, 0.3 * (1.0 - 24.0 / VALUES["rig_life_months"])),
        (0, {"income_tax_rate": 0.3, "holiday_months": 240.0}, 0.0),
        (1, {"income_tax_rate": 0.3}, 0.0),
        (2, {"income_tax_rate": 0.3}, 0.0),
    ],
)
def test_only_the_licensed_expect_to_pay_income_tax(status, policy, expected):
    assert income_tax_rate(miner(), *month(policy=policy), status) == pytest.approx(expected, rel=1e-12)
    assert income_tax_rate(miner(home=0), *month(policy=policy), status) == VALUES["world_income_tax_rate"]


@pytest.mark.parametrize(
    ("firm", "world", "policy", "expected"),
    [
        ({}, {}, {}, [True, True, True]),
        ({"can_bypass": 0}, {}, {}, [True, True, False]),
        ({"lawful": 1}, {}, {}, [True, False, False]),
        ({}, {}, {"mining_legal": 0}, [False, True, True]),
        ({}, {"offer_effective": 0}, {}, [False, True, True]),
        ({"lawful": 1}, {"offer_effective": 0}, {}, [False, False, False]),
    ],
)
def test_which_statuses_are_open(firm, world, policy, expected):
    now = month(world, policy)
    assert [
        bool(allowed_statuses(miner(**firm), now.world, now.policy, s, now.par)) for s in range(3)
    ] == expected


def test_illegal_sites_must_stay_small():
    now = month(policy={"licence_cap_mw": 40.0})
    limits = [size_limit_mw(now.policy, now.par, status) for status in range(3)]
    assert limits == [40.0, VALUES["grey_site_limit_mw"], VALUES["theft_site_limit_mw"]]
    assert size_limit_mw(month().policy, now.par, 0) == math.inf


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
    _, ratio, _ = best_generation(firm, *now, 0, 5.0, True, -1.0)
    hurdle = ratio + 0.01
    assert planned(now, morale=9.0, hurdle=hurdle).applied_mw == 0.0
    crowd = month({**RICH, "entrants": 1000.0}, imitation_weight=0.01)
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
