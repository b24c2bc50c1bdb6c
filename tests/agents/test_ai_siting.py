"""Where an AI firm builds, its tenants, whether it hurries, and what it pays for a site with power."""

from __future__ import annotations

import math

import pytest

from agents.ai_appraisal import AS_IT_IS, appraise
from agents.ai_firm import COLOCATION, HYPERSCALER, SOVEREIGN
from agents.ai_fleet import APPLIED, NO_PROJECT
from agents.ai_siting import (
    ABROAD,
    anchor_share,
    home_probability,
    return_abroad,
    rush,
    site_bid_usd_per_mw,
)
from sim import load_scenario
from sim.model import WattLabModel
from tests.agents.observed import ai_firm, month, planned

LUCRATIVE = {"gpu_price_usd_per_hour": 8.0}


def test_contracts_are_limited_by_what_their_buyers_still_want():
    now = month({"public_room_mw_it": 2.0, "export_demand_mw_it": 1.0})
    assert anchor_share(ai_firm(kind=SOVEREIGN, anchor_limit=0.6), now.world, 5.0) == pytest.approx(0.4)
    assert anchor_share(ai_firm(kind=HYPERSCALER, anchor_limit=0.6), now.world, 5.0) == pytest.approx(0.2)
    assert anchor_share(ai_firm(kind=COLOCATION), now.world, 5.0) == 0.0


def test_firms_free_to_choose_weigh_sites_abroad():
    now = month(LUCRATIVE)
    bound, free = ai_firm(), ai_firm(foreign=1, kind=HYPERSCALER, anchor_limit=0.6)
    assert home_probability(bound, now.world, now.par, -1.0) == 1.0
    abroad = return_abroad(free, now.world, now.par, 0)
    assert abroad > 0.0
    # Four equal sites: the nest is worth log(4)/mu more than one of them
    nest = abroad + math.log(4.0) / now.par.site_intensity_abroad
    assert home_probability(free, now.world, now.par, nest) == pytest.approx(0.5, rel=1e-9)
    chances = [home_probability(free, now.world, now.par, home) for home in (-0.5, 0.5, 2.0, 20.0)]
    assert chances == sorted(chances)
    assert chances[-1] > 0.99
    stays = planned(now, site_draw=0.0, foreign=1, kind=HYPERSCALER)
    goes = planned(now, site_draw=1.0, foreign=1, kind=HYPERSCALER)
    assert (stays.project, goes.project, goes.blocked_by) == (APPLIED, NO_PROJECT, ABROAD)


def test_a_better_site_abroad_draws_firms_away():
    par = month().par
    firm = ai_firm(foreign=1, kind=HYPERSCALER, anchor_limit=0.6)
    base = home_probability(firm, month(LUCRATIVE).world, par, 0.5)
    for better in (
        {"site_power_usd_per_kwh": 0.03},
        {"site_premium_per_year": 0.0},
        {"site_tax_rate": 0.0},
        {"site_capex_usd_per_mw_it": 6e6},
    ):
        assert home_probability(firm, month({**LUCRATIVE, **better}).world, par, 0.5) < base


def test_an_offer_that_may_vanish_is_taken_sooner_if_contracts_outlive_it():
    """Grandfathered: hurry. Not grandfathered: nothing to secure, and the return itself is lower."""
    firm = ai_firm()
    terms = {"grandfathered": 1, "contract_months": 200.0}

    def off(hazard: float, policy: dict) -> float:
        now = month({**LUCRATIVE, "reversal_hazard_per_year": hazard}, policy)
        return rush(firm, *now, 5.0, 0.0, appraise(firm, *now, 5.0, 0.0, 0, AS_IT_IS)[0])

    assert off(0.0, terms) == 0.0
    assert 0.0 < off(0.1, terms) < off(0.4, terms)
    assert off(0.4, {"grandfathered": 0}) == 0.0


def test_waiting_for_power_is_worth_money():
    now = month(LUCRATIVE)
    assert site_bid_usd_per_mw(ai_firm(), *now, 5.0, 0.0, 1.0) > 0.0
    assert site_bid_usd_per_mw(ai_firm(kind=COLOCATION), *now, 5.0, 0.0, 1.0) == 0.0


@pytest.mark.parametrize("inflation", [0.015, 0.03])
def test_ai_firms_discount_real_money_at_real_rates(inflation):
    """Sources quote costs of capital in nominal USD: expected inflation comes off, the country's premium is
    the same in both (Eq. M2.13).
    """
    overrides = {"usd_inflation_per_year": inflation, "ai_wacc_spread": 0.0}
    model = WattLabModel(load_scenario(months=1, population={"ai_firms": 48}, overrides=overrides))
    rate = model.state.ai_firms["wacc_per_year"] + model.values["country_risk_premium"]
    nominal = model.values["ai_wacc_per_year"]
    assert rate == pytest.approx((1.0 + nominal) / (1.0 + inflation) - 1.0, rel=1e-12)


def test_sites_abroad_are_discounted_at_real_rates():
    """A nominal rate under inflation is worth what the real one is without any."""
    nominal = month(LUCRATIVE, world_ai_wacc_per_year=0.09, usd_inflation_per_year=0.03)
    real = month(LUCRATIVE, world_ai_wacc_per_year=1.09 / 1.03 - 1.0, usd_inflation_per_year=0.0)
    firm = ai_firm(kind=HYPERSCALER)
    found, expected = (return_abroad(firm, now.world, now.par, 0) for now in (nominal, real))
    assert found == pytest.approx(expected, rel=1e-12)
    assert found != return_abroad(
        firm, nominal.world, month(LUCRATIVE, world_ai_wacc_per_year=0.09, usd_inflation_per_year=0.0).par, 0
    )
