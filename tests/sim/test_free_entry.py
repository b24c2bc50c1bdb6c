"""When miners of the model enter and leave, against the closed forms: rest point of free entry (B3), barrier
of irreversible entry on a monthly clock (B6b), and hysteresis of a single firm (B7).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from agents.base import new_records
from agents.machines import DAYS_PER_MONTH, HOURS_PER_MONTH
from agents.miner import Miner
from agents.rules.mining import free_entry_hash, hash_unit_cost
from sim.mining_world import MiningWorld
from sim.state import flow_view
from tests.agents.observed import J_PER_TH, Month, miner, month
from tests.sim.test_mining_world import world_of
from tests.theory.oracles import dixit_thresholds, w_disc
from tests.theory.test_b06_entry_barrier import TABLE

MONTHS = 600
YEAR = 1.0 / 12.0


def homogeneous(price_usd: float, start_ehs: float) -> MiningWorld:
    """Equal firms where nothing changes: constant reward, no halving, no progress, no delay beyond a month,
    growth in steps of a thousandth of the network.
    """
    world = world_of(
        MONTHS, world_build_months=1.0, rig_delivery_months=1.0, hashprice_decline_per_month=0.0,
        hash_growth_weight=0.0, forecast_inertia=0.98, network_hash_start_ehs=start_ehs,
    )  # fmt: skip
    world.par["world_expansion_share"], world.par["consider_probability_per_month"] = 0.02, 0.05
    world.par["halving_revenue_share"] = 1.0
    # A certain hashprice, machines that do not fail, sites that end with their machines
    world.par["hashprice_spread"] = world.par["rig_failure_per_month"] = 0.0
    world.par["mining_site_life_months"] = world.par["rig_life_months"]
    firms, par = world.firms, world.par[0]
    firms["pue"], firms["hurdle"] = par.world_pue, par.miner_hurdle_npv_mean
    firms["power_price_usd_per_kwh"] = par.world_power_median_usd_per_kwh
    firms["funds_usd"], firms["forecaster"] = 1e12, 0
    newest = int(np.flatnonzero(world.frontier.release_month < 0)[-1])
    world.frontier.release_month[:] = np.where(world.frontier.release_month < 0, -12.0, 1e6)
    # All machines are of the newest kind: who grows needs a new site, and nobody replaces
    fleet = firms["fleet_ths"].sum(axis=1)
    firms["fleet_ths"] = 0.0
    firms["fleet_ths"][:, newest] = fleet
    firms["site_mw"] = fleet * world.frontier.j_per_th[newest] * firms["pue"] / 1e6
    world.drivers = dataclasses.replace(
        world.drivers,
        btc_price_usd=np.full(MONTHS, price_usd),
        fee_share=np.zeros(MONTHS),
        height=np.full(MONTHS, 899_400.0),
    )
    world.draws = world.draws.copy()
    world.draws[:, :, 2] = 0.0  # nobody changes the forecaster
    return world


def unit_cost_usd_per_ph_day(world: MiningWorld) -> float:
    """Cost of a PH/s a day with the best machine on sale: power, and the user cost of machine, freight, site
    and hurdle by the annuity that pays it back over the machine's life; a host's rent takes the place of the
    site.
    """
    par, seen = world.par[0], world.world[0]
    rate = 1.0 + float(world.firms["wacc_per_year"][0])
    rate, life, lag = rate**YEAR - 1.0, par.rig_life_months, max(seen.delivery_months, 1.0)
    recovery = rate / (1.0 - (1.0 + rate) ** -life) * (1.0 + rate) ** lag
    asked = 1.0 + par.miner_hurdle_npv_mean / (1.0 - par.world_income_tax_rate)
    costs = []
    hosted = world.firms["hosted"][0] == 1
    for generation in np.flatnonzero(seen.rig_on_sale == 1.0):
        kw = seen.rig_j_per_th[generation] * par.world_pue / 1000.0
        sunk = seen.rig_price_usd_per_ths[generation] * (1.0 + par.rig_freight_share)
        site = 0.0 if hosted else kw / 1000.0 * par.world_site_capex_usd_per_mw
        sunk = (sunk + site) * asked / par.mining_availability
        rent = seen.site_rent_abroad_usd_per_kwh if hosted else 0.0
        power = par.world_power_median_usd_per_kwh + par.mining_other_usd_per_kwh + rent
        month_usd = hash_unit_cost(recovery, 0.0, 0.0, sunk, kw * HOURS_PER_MONTH * power)
        costs.append(month_usd * 1000.0 / DAYS_PER_MONTH / (1.0 - par.pool_fee_share))
    return min(costs)


@pytest.mark.slow  # as plain Python
@pytest.mark.parametrize("hosted", [0, 1])
def test_free_entry_comes_to_rest_where_price_covers_cost(hosted):
    """B3 in a run: H* = R/c within 1 %, and twice the reward carries twice the hash rate. Machines are sunk,
    so entry stops a little beyond: by what firms order before they see each other's machines.
    """
    rest = {}
    for price, start_ehs in ((60_000.0, 600.0), (120_000.0, 1250.0)):
        world = homogeneous(price, start_ehs)
        world.firms["hosted"] = hosted
        path = world.run(MONTHS)["hash_ehs"]
        assert path[-1] > 1.05 * path[0]
        assert path[-1] == pytest.approx(path[-25], rel=1e-3)
        expected = free_entry_hash(144.0 * 3.125 * price, unit_cost_usd_per_ph_day(world)) / 1000.0
        assert path[-1] == pytest.approx(expected, rel=0.01)
        rest[price] = path[-1]
    assert rest[120_000.0] == pytest.approx(2.0 * rest[60_000.0], rel=0.01)


MACHINE = 10


def bare_month(decline_per_year: float) -> Month:
    """A month abroad in which one machine is on sale and nothing but its price has to be earned: no tax, fee,
    freight, site, delay, halving or end of life.
    """
    nothing_else = {
        "rig_life_months": 1e6, "mining_availability": 1.0, "pool_fee_share": 0.0, "rig_freight_share": 0.0,
        "world_site_capex_usd_per_mw": 0.0, "world_income_tax_rate": 0.0, "world_build_months": 0.0,
        "consider_probability_per_month": 1.0, "halving_revenue_share": 1.0, "mining_other_usd_per_kwh": 0.0,
        "hashprice_spread": 0.0, "rig_failure_per_month": 0.0,
    }  # fmt: skip
    now = month(
        {"hashprice_decline_per_month": decline_per_year * YEAR, "delivery_months": 0.0, "rig_on_sale": 0.0},
        **nothing_else,
    )
    now.world.rig_on_sale[MACHINE] = 1.0
    return now


def enters(firm: Any, now: Month, usd_per_ths_year: float, price_usd_per_ths: float) -> bool:
    """Whether a firm that considers entry with the model's own procedure goes in."""
    hashprice = usd_per_ths_year * YEAR * 1000.0 / DAYS_PER_MONTH
    now.world.forecast_usd_per_ph_day[:] = hashprice
    now.world.rig_price_usd_per_ths[MACHINE] = price_usd_per_ths
    firm.granted_mw = 0.0
    Miner.plan(firm, *now)
    return bool(firm.granted_mw > 0.0)


def entrant(r: float, hurdle: float, power_usd_per_kwh: float = 0.0) -> Any:
    """An empty slot abroad that considers entry every month; r is a continuous rate per year."""
    return miner(
        home=0, active=0, site_mw=0.0, hurdle=hurdle, wacc_per_year=math.expm1(r), draws=0.0,
        power_price_usd_per_kwh=power_usd_per_kwh,
    )  # fmt: skip


def rational_hurdle(r: float, alpha: float, a: float, sigma: float) -> float:
    """NPV over cost to be asked by a miner who expects revenue to fall at rate a, where the entry of all
    others holds it below the barrier: what it counts over what a unit is worth, less one (B6b).
    """
    return YEAR / math.expm1((r + a) * YEAR) / w_disc(r, alpha, a, sigma, YEAR) - 1.0


@pytest.mark.parametrize("row", range(4))
def test_a_miner_enters_at_the_monthly_barrier_and_not_before(row):
    """B6b by the model's appraisal: with the hurdle that free entry implies, a miner enters where revenue
    over cost reaches 1/w; by plain NPV it would enter earlier.
    """
    r, alpha, a, sigma, *_ = TABLE[row]
    now, barrier = bare_month(a), 1.0 / w_disc(r, alpha, a, sigma, YEAR)
    hurdle = rational_hurdle(r, alpha, a, sigma)
    patient, hasty = entrant(r, hurdle), entrant(r, 0.0)
    assert hurdle > 0.05
    assert not enters(patient, now, 0.9999 * barrier, 1.0)
    assert enters(patient, now, 1.0001 * barrier, 1.0)
    assert enters(hasty, now, 1.0001 * barrier / (1.0 + hurdle), 1.0)
    assert not enters(hasty, now, 0.9999 * barrier / (1.0 + hurdle), 1.0)


@pytest.mark.slow
def test_entry_by_the_models_miners_stops_revenue_at_the_monthly_barrier():
    """B6b in 200 replicates: miners of one per cent of the network each enter while their own plan says so;
    the highest revenue over falling cost is 1/w within 2 %.
    """
    r, alpha, a, sigma, *_ = TABLE[3]
    now, firm = bare_month(a), entrant(r, rational_hurdle(r, alpha, a, sigma))
    generator, size = np.random.default_rng(66), 0.01
    demand, capacity, highest = np.full(200, 0.5), np.ones(200), 0.0
    for k in range(60):
        cost = math.exp(-a * YEAR * k)
        for i in range(200):
            while enters(firm, now, float(demand[i] / capacity[i]), cost):
                capacity[i] *= 1.0 + size
        highest = max(highest, float((demand / capacity).max()) / cost)
        drift = (alpha - 0.5 * sigma**2) * YEAR
        demand *= np.exp(drift + sigma * math.sqrt(YEAR) * generator.standard_normal(200))
    assert highest == pytest.approx(1.0 / w_disc(r, alpha, a, sigma, YEAR), rel=0.02)


RHO, SIGMA, POWER = 0.15, 0.55, 0.05


def live(firms: np.ndarray, now: Month, usd_per_ths_year: float) -> Any:
    """One month of a firm abroad at a revenue per TH/s, without a market around it."""
    hashprice = usd_per_ths_year * YEAR * 1000.0 / DAYS_PER_MONTH
    now.world.forecast_usd_per_ph_day[:] = hashprice
    now.world.hashprice_usd_per_ph_day = hashprice
    now.world.btc_price_usd = (
        hashprice * 1000.0 * now.world.network_hash_ehs * now.world.days / now.world.coins_issued_btc
    )
    flow_view(firms)[:] = 0.0
    firm = firms[0]
    for procedure in (Miner.plan, Miner.build, Miner.run, Miner.settle, Miner.review_survival):
        procedure(firm, *now)
    return firm


def test_a_single_firm_waits_to_enter_idles_at_running_cost_and_leaves_later():
    """B7 in a run: Dixit's entry price, translated into a hurdle, is where the firm enters, within a move of
    the sweep. Idle machines cost nothing here, so it stops them at running cost; it leaves after the months
    of loss that it bears: below running cost, above the price at which a firm that cannot idle gives up.
    """
    now = bare_month(0.0)
    kwh_year = J_PER_TH[MACHINE] * 1.1 / 1000.0 * HOURS_PER_MONTH * 12.0
    running = kwh_year * POWER  # USD per TH/s and year
    machine = 1.5 * running
    scrap = float(now.par.resale_share) * machine
    # Prices and costs in units of running cost; selling the machine is a negative cost of leaving
    low, high = (
        running * x for x in dixit_thresholds(RHO, 0.0, SIGMA, 1.0, machine / running, -scrap / running)
    )
    now.world.rig_price_usd_per_ths[MACHINE] = now.world.rig_spot_usd_per_ths[MACHINE] = machine
    monthly = math.expm1(RHO * YEAR)
    hurdle = (high - running) * YEAR / monthly / machine - 1.0
    firms = new_records(Miner, 1)
    firms[0] = entrant(RHO, hurdle, POWER)
    firms["pue"], firms["slowness"], firms["forecaster"] = 1.1, 1.0, 0
    move = 1.01
    up = 0.5 * running * move ** np.arange(200)
    entered = next(float(price) for price in up if live(firms, now, float(price)).active == 1)
    assert 1.0 <= entered / high <= move
    assert entered > running + RHO * machine  # Marshall's entry price
    firms["target_mw"] = firms["site_mw"] + firms["building_mw"]
    stopped = left = 0.0
    for price in entered / move ** np.arange(400):
        firm = live(firms, now, float(price))
        if firm.left == 1:
            left = float(price)
            break
        if firm.energised_mw > 0.0:
            stopped = float(price)
    months = math.ceil(now.par.exit_months)
    assert 1.0 <= stopped / running <= move
    assert left / stopped == pytest.approx(move**-months, rel=1e-9)
    assert low < left < running < entered
