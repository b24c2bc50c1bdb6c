"""The offer and what goes with it: whether it is in force, relief from import taxes, load on its terms."""

from __future__ import annotations

import numpy as np
import pytest

from agents.base import new_records
from agents.firm import import_rates
from agents.miner import STATE
from agents.policy import Policy
from sim import load_scenario, simulate
from sim.census import count_ai_firms, count_miners
from sim.countries import list_countries, load_country
from sim.parameters import parameter_record, parameters
from sim.public import publish_offer
from sim.state import KINDS, empty_state
from sim.tariffs import industrial_ratio

VALUES = {name: item.value for name, item in parameters().items()}
DUTY, TAX = VALUES["hardware_duty_ordinary_rate"], VALUES["hardware_sales_tax_ordinary_rate"]


def world_with(policy: dict[str, float], seen: dict[str, int]):
    """A state with a policy, a lender that refuses or not, and an offer that was struck or not."""
    state = empty_state({kind: 1 for kind in KINDS}, new_records(Policy, 1), parameter_record(VALUES))
    for name, value in policy.items():
        state.policy[name] = value
    state.lender["refusing"] = seen.get("refusing", 0)
    state.government["struck"] = seen.get("struck", 0)
    return state


@pytest.mark.parametrize(
    ("offer_open", "seen", "in_force", "duty", "tax"),
    [
        (1, {}, 1, 0.0, 0.02),
        (1, {"refusing": 1}, 0, -1.0, -1.0),
        (0, {"struck": 1}, 0, -1.0, -1.0),
        (0, {}, 0, 0.0, 0.02),  # a regime without an offer keeps its relief
    ],
)
def test_relief_from_import_taxes_goes_with_the_offer(offer_open, seen, in_force, duty, tax):
    relief = {"hardware_duty_rate": 0.0, "hardware_sales_tax_rate": 0.02, "offer_open": offer_open}
    state = world_with(relief, seen)
    publish_offer(state)
    assert state.world["offer_effective"][0] == in_force
    assert state.policy["hardware_duty_rate"][0] == duty
    assert state.policy["hardware_sales_tax_rate"][0] == tax


def test_a_rate_above_the_ordinary_one_is_no_relief_and_stays():
    state = world_with(
        {"hardware_duty_rate": 0.4, "hardware_sales_tax_rate": 0.3, "offer_open": 1}, {"refusing": 1}
    )
    publish_offer(state)
    assert (state.policy["hardware_duty_rate"][0], state.policy["hardware_sales_tax_rate"][0]) == (0.4, 0.3)


def test_a_zone_spares_its_firms_the_ordinary_rates_and_no_rate_of_the_regime():
    par, policy = parameter_record(VALUES)[0], new_records(Policy, 1)[0]
    policy.hardware_duty_rate, policy.hardware_sales_tax_rate = -1.0, -1.0
    assert import_rates(policy, par, 0.0) == (DUTY, TAX)
    assert import_rates(policy, par, 0.75) == pytest.approx((0.25 * DUTY, 0.25 * TAX))
    assert import_rates(policy, par, 1.0) == (0.0, 0.0)
    policy.hardware_duty_rate, policy.hardware_sales_tax_rate = 0.1, 0.0
    assert import_rates(policy, par, 1.0) == import_rates(policy, par, 0.0) == (0.1, 0.0)


def test_load_under_the_offer_is_that_on_its_terms():
    state = world_with({}, {})
    world = state.world
    world["month"] = 12
    miners, halls = new_records(KINDS["miners"], 4), new_records(KINDS["ai_firms"], 3)
    miners["energised_mw"], miners["active"] = [1.0, 2.0, 4.0, 8.0], 1
    miners["compliance"] = [0, 0, 1, 0]
    miners["kind"][3] = STATE
    miners["contract_until_month"] = [13, 12, 99, 99]
    halls["it_mw"], halls["legacy_mw_it"] = [2.0, 4.0, 3.0], [0.0, 3.0, 3.0]
    halls["load_mw"] = halls["it_mw"][:, None] * np.ones(24)
    halls["contract_until_month"] = [12, 20, 20]
    mining, ai = count_miners(miners, world), count_ai_firms(halls, world)
    assert (mining.licensed_mw, mining.offer_mw) == (11.0, 1.0)
    assert (ai.load_mw, ai.new_it_mw, ai.offer_mw) == pytest.approx((9.0, 3.0, 1.0))
    world["offer_effective"] = 1
    assert count_miners(miners, world).offer_mw == 3.0
    assert count_ai_firms(halls, world).offer_mw == pytest.approx(3.0)


@pytest.mark.parametrize("name", list_countries())
def test_large_users_and_the_class_industry_pay_the_same_tariff(name):
    country = load_country(name)
    values = VALUES | {key: quantity.value for key, quantity in country.values.items()}
    ratio = industrial_ratio(parameter_record(values)[0])
    industry = [item.tariff_ratio for item in country.consumer_class if item.name == "industry"]
    assert industry == pytest.approx([ratio], rel=1e-3)


def test_an_offer_that_nobody_makes_holds_no_load_and_is_never_in_force():
    sizes = {"miners": 20, "world_miners": 20, "ai_firms": 8}
    scenario = load_scenario("pakistan", regime="pakistan-status-quo", months=18, population=sizes)
    months = simulate(scenario, 3).months
    assert (months[["offer_mw", "offer_in_force"]] == 0.0).all(axis=None)
    made = load_scenario("pakistan", months=18, population=sizes, overrides={"lender_active": 0.0})
    months = simulate(made, 3).months
    assert months["offer_in_force"].max() == 1.0
    assert (months["offer_mw"] <= months["energised_mw"] + 1e-9).all()
