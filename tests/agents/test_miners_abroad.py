"""What sets miners abroad apart: machines that stand with a host pay by the kWh for what owners of sites pay
for anyway, and some have a wet and a dry season.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.miner import WORLD, Miner
from agents.miner_appraisal import LICENSED, best_generation, site_capex_usd_per_mw, terms_of
from agents.miner_plans import start_site
from experiments.validation.bitcoin_run import FITTED_MONTHS, growth_since, hindcast_world
from sim.drivers import conditions_abroad
from sim.hardware import site_rent_usd_per_kw_month
from tests.agents.observed import J_PER_TH, NEWEST, VALUES, miner, month

POOL = 1.0 - VALUES["pool_fee_share"]
RENT = 0.01


def abroad(hosted: int, **values):
    return miner(home=0, kind=WORLD, active=1, site_mw=1.0, pue=1.0, lawful=1, hosted=hosted, **values)


@settings(deadline=None, max_examples=200)
@given(st.floats(5.0, 200.0), st.floats(0.01, 0.12), st.integers(0, 15), st.sampled_from([0, 1]))
def test_an_idle_hour_saves_the_whole_price_of_a_host_and_the_power_of_an_own_site(
    hashprice, power, generation, hosted
):
    now = month({"hashprice_usd_per_ph_day": hashprice, "site_rent_abroad_usd_per_kwh": RENT})
    firm = abroad(hosted, power_price_usd_per_kwh=power)
    firm.fleet_ths[generation] = 1000.0
    Miner.run(firm, *now)
    saved = power + hosted * (now.par.mining_other_usd_per_kwh + RENT)
    margin = hashprice * POOL / (24.0 * J_PER_TH[generation]) - saved
    if abs(margin) > 1e-12:
        assert (firm.energised_mw > 0.0) == (margin > 0.0)


@pytest.mark.parametrize("hashprice", [200.0, 1.0])
def test_hosted_machines_pay_for_the_energy_they_take_others_for_standing(hashprice):
    now = month({"hashprice_usd_per_ph_day": hashprice, "site_rent_abroad_usd_per_kwh": RENT})
    paid = {}
    for hosted in (0, 1):
        firm = abroad(hosted, power_price_usd_per_kwh=0.05)
        firm.fleet_ths[NEWEST] = 1e6 / J_PER_TH[NEWEST]
        Miner.run(firm, *now)
        Miner.settle(firm, *now)
        paid[hosted] = firm.other_usd
        kwh = 1000.0 * 24.0 * now.world.days * now.par.mining_availability
        taken = kwh if hashprice == 200.0 else 0.0
        other = now.par.mining_other_usd_per_kwh
        assert paid[hosted] == pytest.approx(taken * (other + RENT) if hosted else kwh * other)


def test_who_is_hosted_builds_no_site_and_needs_capital_for_machines_only():
    now = month({"site_rent_abroad_usd_per_kwh": RENT})
    costs = {}
    for hosted in (0, 1):
        firm = abroad(hosted, power_price_usd_per_kwh=0.03)
        rig, _, costs[hosted] = best_generation(
            firm, *now, LICENSED, terms_of(firm, *now, LICENSED, 1.0), True, -1.0
        )
        assert site_capex_usd_per_mw(firm, now.world, now.par, LICENSED) == pytest.approx(
            0.0 if hosted else now.par.world_site_capex_usd_per_mw * now.world.site_cost_factor_abroad
        )
        firm.granted_mw, firm.planned_generation = 1.0, rig
        start_site(firm, *now)
        Miner.build(firm, *now)
        assert (firm.site_usd == 0.0) == (hosted == 1)
    assert costs[1] < costs[0]


def test_rent_is_interest_and_wear_of_the_site():
    now = month({"site_cost_factor_abroad": 1.0})
    now.par.world_site_capex_usd_per_mw = 350_000.0
    now.par.world_miner_rate_per_year = 0.15
    now.par.mining_site_life_months = 120.0
    rent = site_rent_usd_per_kw_month(now.world, now.par)
    assert rent == pytest.approx(350.0 * (math.log(1.15) / 12.0 + 1.0 / 120.0), rel=1e-12)
    assert rent / 730.5 == pytest.approx(0.0096, abs=1e-4)


def test_the_season_of_power_is_that_of_those_who_follow_the_rivers():
    season = conditions_abroad(tuple(f"2020-{month:02d}" for month in range(1, 13)))[:, 1]
    assert season.mean() == pytest.approx(1.0, abs=1e-3)
    assert season[6] / season[0] == pytest.approx(0.5, abs=1e-3)
    assert (conditions_abroad(("2021-06", "2025-12"))[:, 1] == 1.0).all()
    for follows, expected in ((0, 0.05), (1, 0.05 * season[6])):
        now = month({"hashprice_usd_per_ph_day": 200.0, "power_season_abroad": season[6]})
        firm = abroad(0, power_price_usd_per_kwh=0.05, follows_rivers=follows)
        firm.fleet_ths[NEWEST] = 1e6 / J_PER_TH[NEWEST]
        Miner.run(firm, *now)
        Miner.settle(firm, *now)
        assert firm.bill_usd / firm.energy_mwh / 1000.0 == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_the_more_machines_are_hosted_the_more_stop_at_a_halving():
    def first_month(share: float, seed: int) -> float:
        run = hindcast_world({"world_hosted_share": share}, seed).run(FITTED_MONTHS)
        return float(growth_since(run["hash_ehs"], "2020-05", 1)[0])

    change = np.array([first_month(0.8, seed) - first_month(0.0, seed) for seed in range(10)])
    assert change.mean() < 0.0
    assert np.mean(change < 0.0) >= 0.8
