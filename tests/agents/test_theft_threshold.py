"""The hazard at which a miner of the model stops stealing power, against its closed form (B9, M5)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.optimize import brentq

from agents.machines import DAYS_PER_MONTH, HOURS_PER_MONTH
from agents.miner import Miner
from agents.miner_appraisal import GREY, LICENSED, THEFT
from agents.rules.compliance import theft_indifference_hazard
from tests.agents.observed import J_PER_TH, Month, miner, month

MACHINE, FOREVER = 10, 1e12
KW = J_PER_TH[MACHINE] / 1000.0


def choice_at(
    hazard: float, power: float, profit: float, loss: float, r: float, fee: float, morale: float = 0.0
) -> int:
    """Status that a firm chooses with the model's own plan, for ever and without noise.

    USD per TH/s and month: power that a thief does not pay, profit with a licence before its fee (USD per
    TH/s, paid as interest); loss in USD per TH/s; hazard and discount rate r per month. The two statuses
    differ in nothing else.
    """
    now = _month(power, profit, loss, r, fee)
    firm: Any = miner(
        pue=1.0, hurdle=0.0, morale=morale, wacc_per_year=math.expm1(12.0 * math.log1p(r)), draws=0.0,
        perceived_hazard=hazard, target_mw=1.0, funds_usd=1e12,
    )  # fmt: skip
    Miner.plan(firm, *now)
    assert firm.entered == 1
    return int(firm.compliance)


def _month(power: float, profit: float, loss: float, r: float, fee: float) -> Month:
    revenue = power + profit
    tariff = power / (KW * HOURS_PER_MONTH)
    now = month(
        {
            "hashprice_decline_per_month": 0.0, "delivery_months": 0.0, "rig_on_sale": 0.0,
            "rig_price_usd_per_ths": 1e-6 * profit / r, "offer_tariff_usd_per_kwh": tariff,
            "offer_tariff_mean_usd_per_kwh": tariff, "industrial_tariff_usd_per_kwh": 1e6,
            "industrial_tariff_mean_usd_per_kwh": 1e6,
            "forecast_log_hashprice": math.log(revenue * 1000.0 / DAYS_PER_MONTH),
        },
        {
            "targeting_rule": 1, "licence_fee_usd_per_mw_year": 12.0 * r * fee * 1000.0 / KW,
            "fine_usd_per_mw": loss * 1000.0 / KW, "licence_months": 0.0, "aml_cost_usd_per_mw_year": 0.0,
            "income_tax_rate": 0.0, "licence_cap_mw": 0.0, "grandfathered": 1, "turnover_tax_rate": 0.0,
            "withholding_rate": 0.0,
        },
        rig_life_months=FOREVER, mining_availability=1.0, pool_fee_share=0.0, rig_freight_share=0.0,
        mining_site_capex_usd_per_mw=0.0, smuggling_premium_share=0.0, mining_build_months=0.0,
        halving_revenue_share=1.0, mining_other_usd_per_kwh=0.0, country_risk_premium=0.0,
        consider_probability_per_month=1.0, deterrence_weight=1.0, penalty_collected_share=1.0,
        imitation_weight=0.0, theft_site_limit_mw=1.0, hashprice_spread=0.0, rig_failure_per_month=0.0,
    )  # fmt: skip
    now.world.rig_on_sale[MACHINE] = 1.0
    return now


def threshold(power: float, profit: float, loss: float, r: float, fee: float) -> float:
    """Hazard per month below which the firm steals, by bisection on its choice."""
    low, high = 0.0, 10.0 * (power + r * fee) / loss
    for _ in range(50):
        middle = 0.5 * (low + high)
        status = choice_at(middle, power, profit, loss, r, fee)
        assert status in (LICENSED, THEFT)
        low, high = (middle, high) if status == THEFT else (low, middle)
    return low


@pytest.mark.parametrize(("fee", "published"), [(0.0, 0.020), (500.0, 0.026)])
def test_a_miner_steals_below_the_indifference_hazard_and_pays_above_it(fee, published):
    """B9 by the model's plan: h* = (m + r lic)/(L + pi/r - lic); a fee raises the hazard needed to deter.

    The closed form is in continuous time, so a period of the example is cut into a million months.
    """
    months = 1e6
    m, pi, loss, r = 60.0 / months, 20.0 / months, 1000.0, 0.01 / months
    found = threshold(m, pi, loss, r, fee) * months
    assert found == pytest.approx(published, abs=1e-6)
    assert found == pytest.approx(theft_indifference_hazard(60.0, 20.0, fee, 0.01, 1000.0), abs=1e-6)


def test_with_whole_months_the_threshold_is_that_of_monthly_discounting():
    m, pi, loss, r, fee = 60.0, 20.0, 1000.0, 0.01, 500.0

    def gain(hazard: float) -> float:
        stolen = (pi + m - hazard * loss) / ((1.0 + r) * math.exp(hazard) - 1.0)
        return stolen - (pi / r - fee)

    assert threshold(m, pi, loss, r, fee) == pytest.approx(brentq(gain, 1e-9, 1.0, xtol=1e-14), abs=1e-6)


def test_morale_and_visibility_are_what_else_decides():
    """At half the threshold a firm steals, unless its morale forbids; grey power that is dearer, never."""
    terms = (60.0, 20.0, 1000.0, 0.01, 0.0)
    half = 0.5 * threshold(*terms)
    assert choice_at(half, *terms) == THEFT
    assert choice_at(half, *terms, morale=1e9) == LICENSED
    assert GREY not in {choice_at(h, *terms) for h in (0.0, half, 4.0 * half)}
