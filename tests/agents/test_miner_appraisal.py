"""A miner's appraisal: what a machine is worth to it, which one is best, which statuses are open."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.machines import delivery_months, kw_per_ths
from agents.miner_appraisal import (
    allowed_statuses,
    best_generation,
    detection_per_month,
    income_tax_rate,
    size_limit_mw,
    terms_of,
    value_usd_per_ths,
)
from agents.policy import SURPLUS_HOURS
from agents.rules.finance import expected_margin
from tests.agents.observed import J_PER_TH, NEWEST, VALUES, miner, month

DAYS, HOURS = 30.4375, 730.5
RICH = {"forecast_log_hashprice": math.log(200.0)}


def charge(now, power: float) -> None:
    """Let a kWh cost the same under the offer, on the ordinary bill and at a site abroad."""
    now.world.offer_tariff_mean_usd_per_kwh = power
    now.world.industrial_tariff_mean_usd_per_kwh = power / (1.0 + now.par.power_tax_ordinary_share)


def value(firm, now, status: int, generation: int, lag: float) -> float:
    """What the firm thinks a TH/s is worth at a site of 5 MW."""
    terms = terms_of(firm, *now, status, 5.0)
    return value_usd_per_ths(firm, now.world, now.par, terms, generation, lag)


def chosen(firm, now, status: int, with_site: bool, least: float, freed: float = 0.0):
    """The machine that the firm would put on a site of 5 MW, its return and its cost."""
    terms = terms_of(firm, *now, status, 5.0)
    return best_generation(firm, *now, status, terms, with_site, least, freed)


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
    charge(now, power)
    found = value(firm, now, status, generation, float(lag))
    power = 0.0 if status == 2 else power
    expected, revenue = value_month_by_month(firm, now, status, generation, power, lag)
    # The rule closes within a month, when revenue meets cost; the sum here closes at the month's end
    assert found == pytest.approx(expected, rel=1e-9, abs=VALUES["hashprice_decline_per_month"] * revenue)


def test_the_value_is_exact_while_the_machine_never_closes():
    now, firm = month({**RICH, "months_to_halving": 20.0}, hashprice_spread=0.0), miner()
    charge(now, 0.02)
    found = value(firm, now, 0, NEWEST, 6.0)
    expected, _ = value_month_by_month(firm, now, 0, NEWEST, 0.02, 6)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("hashprice", [15.0, 30.0, 60.0, 200.0])
@pytest.mark.parametrize("halving", [0.0, 20.0, 60.0])
def test_the_value_under_uncertainty_is_the_sum_of_its_months(hashprice, halving):
    now, firm = month({"forecast_log_hashprice": math.log(hashprice), "months_to_halving": halving}), miner()
    found = value(firm, now, 0, NEWEST, 3.0)
    expected, _ = value_month_by_month(firm, now, 0, NEWEST, 0.05, 3)
    assert found == pytest.approx(expected, rel=5e-3)


def worth(now, status: int = 0, **values) -> float:
    return value(miner(**values), now, status, NEWEST, 6.0)


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
    rig, ratio, cost = chosen(firm, now, 0, False, -1.0)
    returns = {}
    for generation in np.flatnonzero(now.world.rig_on_sale):
        landed = now.world.rig_price_usd_per_ths[generation] * (1.0 + VALUES["rig_freight_share"])
        lag = delivery_months(now.world, now.par, int(generation))
        npv = value(firm, now, 0, int(generation), lag) - landed
        returns[int(generation)] = (npv * (1.0 - VALUES["income_tax_rate"]) if npv > 0.0 else npv) / landed
    assert rig == max(returns, key=returns.get)
    assert ratio == pytest.approx(returns[rig], rel=1e-12)
    assert cost == pytest.approx(now.world.rig_price_usd_per_ths[rig] * (1.0 + VALUES["rig_freight_share"]))
    now.world.rig_on_sale = 0.0
    assert chosen(firm, now, 0, False, -1.0)[0] == -1


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
    unasked = chosen(firm, now, status, with_site, -1.0)
    asked = chosen(firm, now, status, with_site, least)
    assert asked == (unasked if unasked[1] > least else (-1, least, 0.0))


@settings(deadline=None, max_examples=100)
@given(st.floats(5.0, 300.0), st.floats(0.0, 2.0), st.floats(-1e6, 1e6))
def test_a_glance_hides_no_machine_worth_more_with_what_it_frees(hashprice, least, freed):
    firm, now = miner(), month({"forecast_log_hashprice": math.log(hashprice)})
    unasked = chosen(firm, now, 0, False, -1.0)
    asked = chosen(firm, now, 0, False, least, freed)
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
