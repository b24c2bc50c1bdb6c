"""The world's miners in a run: free entry at rest (B3), closure (B4), hysteresis (B7), lost sites (M4),
and the stylised facts of theory with paired seeds.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import brentq

from agents.miner import Miner
from agents.miner_appraisal import LICENSED, kw_per_ths, value_usd_per_ths
from agents.rules.finance import option_premium
from agents.rules.mining import elastic_world_hash
from experiments.validation.bitcoin_evidence import BLOCK_MW, add_block
from experiments.validation.bitcoin_run import MONTHS, hindcast_world
from sim import load_scenario
from sim.mining_world import MiningWorld, build_mining_world
from sim.model import WattLabModel
from tests.agents.observed import month, running_miner
from tests.sim.lively import run_months

SMALL = {"world_miners": 24, "miners": 1, "ai_firms": 1}


def world_of(
    months: int = 36, seed: int = 1, drivers: str = "simulated", start: str = "2025-06", **overrides: float
) -> MiningWorld:
    """A small world of miners that starts today."""
    scenario = load_scenario(
        start=start, months=months, drivers=drivers, population=SMALL, overrides=overrides
    )
    return build_mining_world(scenario, seed)


def at_price(world: MiningWorld, factor: float | np.ndarray, since: int = 0) -> MiningWorld:
    """The same world with its coin price multiplied from a month on."""
    price = world.drivers.btc_price_usd.copy()
    price[since:] *= factor
    world.drivers = dataclasses.replace(world.drivers, btc_price_usd=price)
    return world


def test_the_world_alone_is_the_world_of_a_full_run_without_miners_at_home():
    scenario = load_scenario(regime="ban", months=8, population=SMALL)
    model, hashes = WattLabModel(scenario, 3), []
    run_months(model, 8, lambda t: hashes.append(model.books.row["world_hash_ehs"]))
    assert hashes == pytest.approx(build_mining_world(scenario, 3).run(8)["hash_ehs"], rel=1e-12)


def homogeneous(price_usd: float, start_ehs: float) -> MiningWorld:
    """Equal firms in a world where nothing changes: constant reward, no halving, no progress, no dilution,
    no delay, small steps.
    """
    world = world_of(
        240, world_build_months=1.0, rig_delivery_months=1.0, world_expansion_share=0.2,
        consider_probability_per_month=0.05, hashprice_decline_per_month=0.0, hash_growth_weight=0.0,
        pipeline_visibility=0.0, forecast_inertia=0.98, network_hash_start_ehs=start_ehs,
    )  # fmt: skip
    firms, par = world.firms, world.par[0]
    firms["pue"], firms["hurdle"] = par.world_pue, par.miner_hurdle_npv_mean
    firms["power_price_usd_per_kwh"] = par.world_power_median_usd_per_kwh
    firms["funds_usd"], firms["forecaster"] = 1e12, 0
    world.frontier.release_month[:] = np.where(world.frontier.release_month < 0, -12.0, 1e6)
    price = np.full(240, price_usd)
    world.drivers = dataclasses.replace(
        world.drivers, btc_price_usd=price, fee_share=np.zeros(240), height=np.full(240, 899_400.0)
    )
    world.draws = world.draws.copy()
    world.draws[:, :, 2] = 0.0  # nobody changes the forecaster
    return world


def free_entry_hashprice(world: MiningWorld) -> float:
    """Hashprice at which the best machine on sale just clears the hurdle of the equal firms."""
    firm, par = world.firms[0].copy(), world.par[0]
    seen = world.world[0].copy()

    def excess(hashprice: float) -> float:
        seen.forecast_log_hashprice[:] = math.log(hashprice)
        best = -1.0
        for generation in np.flatnonzero(seen.rig_on_sale == 1.0):
            kw = kw_per_ths(seen.rig_j_per_th[generation], firm.pue)
            cost = seen.rig_price_usd_per_ths[generation] * (1.0 + par.rig_freight_share)
            cost += kw / 1000.0 * par.world_site_capex_usd_per_mw
            value = value_usd_per_ths(
                firm, seen, world.policy[0], par, LICENSED, int(generation), 1.0,
                firm.power_price_usd_per_kwh, max(seen.delivery_months, par.world_build_months),
            )  # fmt: skip
            npv = value - cost
            best = max(best, (npv * (1.0 - par.world_income_tax_rate) if npv > 0.0 else npv) / cost)
        return best - float(firm.hurdle)

    return float(brentq(excess, 1.0, 1000.0))


@pytest.mark.slow
def test_free_entry_comes_to_rest_where_hurdle_and_cost_are_just_covered():
    """B3 in a run: H* = R/c. Sunk machines stay, so entry stops just below the free-entry hashprice; the
    gap is what firms order before they see each other's machines.
    """
    rest = {}
    for price, start_ehs in ((60_000.0, 600.0), (120_000.0, 1200.0)):
        world = homogeneous(price, start_ehs)
        path = world.run(240)["hash_ehs"]
        assert path[-1] == pytest.approx(path[-13], rel=0.01)
        reward = 144.0 * 3.125 * price
        rest[price] = path[-1]
        assert reward / (path[-1] * 1000.0) == pytest.approx(free_entry_hashprice(world), rel=0.05)
    assert math.log2(rest[120_000.0] / rest[60_000.0]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("eta", [0.0, 0.5, 2.0, 5.0])
def test_two_levels_of_entry_differ_as_the_closed_form_says(eta):
    """B4 in a run: hashprice with and without a block at home, under the static closure."""
    scenario = load_scenario(months=3, population=SMALL, overrides={"closure_elasticity": eta})
    without, beside = (build_mining_world(scenario, 1) for _ in range(2))
    add_block(beside)
    base, more = without.run(3), beside.run(3)
    home = float(beside.nobody["hash_ehs"][0, 0])
    start, scale = scenario.values()["network_hash_start_ehs"], float(beside.world["closure_scale_ehs"][0])
    assert home == pytest.approx(BLOCK_MW / 17.5 / 1.08, rel=1e-9)
    for t in range(3):
        drivers = without.drivers
        reward = 144.0 * 3.125 / (1.0 - drivers.fee_share[t]) * drivers.btc_price_usd[t]
        alone, together = (elastic_world_hash(h, scale, reward, eta) for h in (0.0, home))
        assert base["hash_ehs"][t] == pytest.approx(alone, rel=1e-9)
        found = math.log(more["hash_ehs"][t] / base["hash_ehs"][t])
        assert found == pytest.approx(math.log(together / alone), abs=1e-9)
    assert base["hash_ehs"][0] == pytest.approx(start, rel=1e-9)


def test_a_single_firm_enters_at_the_option_price_and_leaves_below_running_cost():
    """B7 in a run: with the option rule as its hurdle a firm enters at V* = b/(b-1) I and, its machines
    sunk, leaves only where they do not cover running cost: hysteresis within one move of the sweep.
    """
    premium = option_premium(0.12, 0.06, 0.4)
    tax = 0.0
    settings = {"world_income_tax_rate": tax, "exit_months": 1.0, "consider_probability_per_month": 1.0}
    firm = running_miner(
        home=0, power_price_usd_per_kwh=0.05, lawful=1, active=0, site_mw=0.0, fleet_ths=0.0,
        target_mw=1e9, draws=0.0, hurdle=premium - 1.0, hold_share=0.0,
    )  # fmt: skip
    move = 1.01
    up = 20.0 * move ** np.arange(260)
    entry = 0.0
    for hashprice in up:
        now = month({"forecast_log_hashprice": math.log(hashprice)}, **settings)
        Miner.plan(firm, *now)
        if firm.granted_mw > 0.0:
            entry = float(hashprice)
            break
    now = month(**settings)

    def worth_over_cost(hashprice: float) -> float:
        now.world.forecast_log_hashprice[:] = math.log(hashprice)
        best = 0.0
        for generation in np.flatnonzero(now.world.rig_on_sale > 0.0):
            kw = kw_per_ths(now.world.rig_j_per_th[generation], firm.pue)
            cost = now.world.rig_price_usd_per_ths[generation] * (1.0 + now.par.rig_freight_share)
            cost += kw / 1000.0 * now.par.world_site_capex_usd_per_mw
            lag = max(now.world.delivery_months, now.par.world_build_months)
            value = value_usd_per_ths(
                firm, now.world, now.policy, now.par, LICENSED, int(generation), 0.0, 0.05, lag
            )
            best = max(best, value / cost)
        return best

    option_price = brentq(lambda price: worth_over_cost(price) - premium, 20.0, 500.0)
    npv_price = brentq(lambda price: worth_over_cost(price) - 1.0, 10.0, 500.0)
    assert 0.0 <= entry / option_price - 1.0 <= move - 1.0
    sunk = running_miner(home=0, power_price_usd_per_kwh=0.05, lawful=1)
    running_cost = 24.0 * now.world.rig_j_per_th[8] * sunk.pue * (0.05 + now.par.mining_other_usd_per_kwh)
    running_cost /= 1.0 - now.par.pool_fee_share
    left = 0.0
    for hashprice in up[::-1]:
        now = month({"hashprice_usd_per_ph_day": hashprice}, **settings)
        Miner.run(sunk, *now)
        sunk.loss_months = 1.0 if sunk.energised_mw <= 0.0 else 0.0
        Miner.review_survival(sunk, *now)
        if sunk.left == 1:
            left = float(hashprice)
            break
    assert 0.0 <= 1.0 - left / running_cost <= move - 1.0
    assert left < npv_price < entry


def machines_ths(world: MiningWorld) -> float:
    """All machines of the world by TH/s: owned, ordered, and in dealers' hands."""
    firms = world.firms
    owned = firms["fleet_ths"].sum() + firms["order_ths"].sum() + firms["sold_ths"].sum()
    return float(owned + world.world["used_stock_ths"].sum())


def test_a_ban_abroad_takes_its_share_off_the_network_and_machines_come_back():
    """M4: a cross-section goes dark at once; nothing is lost but what dealers scrap; in time the network
    recovers.
    """
    calm, struck = world_of(30), world_of(30)
    for world in (calm, struck):
        world.events = np.tile([0.0, 1.0], (30, 1))
        world.run(4)
    struck.events[4, 0] = 0.4
    before = machines_ths(struck)
    calm_after, after = calm.run(1), struck.run(1)
    ratio = after["hash_ehs"][0] / calm_after["hash_ehs"][0]
    assert 0.59 < ratio < 0.7  # idle machines elsewhere fill part of the gap
    assert machines_ths(struck) > 0.95 * before
    assert after["j_per_th"][0] == pytest.approx(calm_after["j_per_th"][0], rel=0.05)
    later = struck.run(14)["hash_ehs"]
    assert later[0] < 0.75 * calm_after["hash_ehs"][0]
    assert later[-1] > 1.2 * after["hash_ehs"][0]


def test_a_storm_stops_machines_for_a_month_only():
    calm, struck = world_of(6), world_of(6)
    for world in (calm, struck):
        world.events = np.tile([0.0, 1.0], (6, 1))
    struck.events[2, 1] = 0.9
    base, hit = calm.run(6)["hash_ehs"], struck.run(6)["hash_ehs"]
    assert (base[:2] == hit[:2]).all()
    # Idle machines elsewhere fill part of the gap, because hashprice rises
    assert 0.895 * base[2] <= hit[2] < 0.97 * base[2]
    assert hit[3] == pytest.approx(base[3], rel=0.05)


SEEDS = range(1, 9)


@pytest.fixture(scope="module")
def long_runs() -> list[dict[str, np.ndarray]]:
    """Free runs on simulated prices, ten years long."""
    return [world_of(120, seed).run(120) for seed in SEEDS]


@pytest.fixture(scope="module")
def history() -> list[tuple[np.ndarray, np.ndarray]]:
    """Log coin price and log hash of free runs from 2017 to June 2025, on the prices that were observed."""
    found = []
    for seed in SEEDS:
        world = hindcast_world(seed=seed)
        found.append((np.log(world.drivers.btc_price_usd), np.log(world.run(MONTHS)["hash_ehs"])))
    return found


def test_price_leads_hash(history):
    """Fact 1: monthly changes of hash go with those of the price one to three months before, not after."""
    lead, lag = [], []
    for price, hash_rate in history:
        price_change, hash_change = np.diff(price), np.diff(hash_rate)
        n = len(price_change)
        pairs = [(price_change[: n - k], hash_change[k:]) for k in (1, 2, 3)]
        lead.append(np.mean([np.corrcoef(x, y)[0, 1] for x, y in pairs]))
        pairs = [(price_change[k:], hash_change[: n - k]) for k in (1, 2, 3)]
        lag.append(np.mean([np.corrcoef(x, y)[0, 1] for x, y in pairs]))
    assert np.mean(lead) > 0.1
    assert np.mean(lead) > 2.0 * np.mean(lag)


def test_hash_rises_more_with_price_than_it_falls(history):
    """Fact 2: over half a year, the elasticity to a rise of the price is larger than to a fall.

    It is a fact of a growing network: at rest standing machines are marginal, and a fall idles them.
    """
    gaps = []
    for price, hash_rate in history:
        change = price[6:] - price[:-6]
        columns = [np.ones_like(change), np.maximum(change, 0.0), np.minimum(change, 0.0)]
        found, *_ = np.linalg.lstsq(np.column_stack(columns), hash_rate[6:] - hash_rate[:-6], rcond=None)
        assert found[1] > 0.0
        gaps.append(found[1] - found[2])
    assert np.mean(gaps) > 0.0
    assert np.mean(np.array(gaps) > 0.0) >= 0.75


def test_hash_responds_less_than_one_for_one(long_runs):
    """Fact 3: elasticity of yearly hash growth to yearly reward growth is positive and below one."""
    reward, hash_rate = [], []
    for path in long_runs:
        log_reward = np.log(path["hashprice"] * path["hash_ehs"])
        reward.append(log_reward[12::12] - log_reward[:-12:12])
        hash_rate.append(np.log(path["hash_ehs"][12::12] / path["hash_ehs"][:-12:12]))
    slope = np.polyfit(np.concatenate(reward), np.concatenate(hash_rate), 1)[0]
    assert 0.0 < slope < 1.0


def concentration(world: MiningWorld) -> float:
    """Herfindahl index of hash over firms abroad."""
    share = world.firms["mean_hash_ehs"] / world.firms["mean_hash_ehs"].sum()
    return float((share**2).sum())


def test_concentration_rises_when_reward_falls():
    """Fact 4: the same worlds at half the coin price have fewer or more unequal miners after a year and a
    half; in the mean and in nearly every seed.
    """
    gaps = []
    for seed in SEEDS:
        rich, poor = (at_price(world_of(24, seed), factor, 6) for factor in (1.0, 0.5))
        rich.run(24)
        poor.run(24)
        gaps.append(concentration(poor) - concentration(rich))
    assert np.mean(gaps) > 0.0
    assert np.mean(np.array(gaps) > 0.0) >= 0.75


def test_the_power_price_at_which_load_falls_rises_with_hashprice():
    """Fact 5: at a given power price the load that runs grows with hashprice, and the elasticity is that
    of the state.
    """
    world = world_of(6)
    world.run(6)
    par = world.par[0]
    power = world.firms["fleet_ths"] * world.frontier.j_per_th * world.firms["pue"][:, None]

    def running(hashprice: float, price: float) -> float:
        earned = hashprice * (1.0 - par.pool_fee_share)
        earned = earned / (24.0 * world.frontier.j_per_th * world.firms["pue"][:, None])
        return float(power[earned > price + par.mining_other_usd_per_kwh].sum() / power.sum())

    def threshold(hashprice: float) -> float:
        return float(brentq(lambda price: running(hashprice, price) - 0.5, 0.0, 0.5))

    thresholds = [threshold(price) for price in (30.0, 50.0, 100.0)]
    assert thresholds == sorted(thresholds)
    assert thresholds[2] > 2.0 * thresholds[0]
    # Around five cents the load reacts at a low hashprice and not at all at a high one
    steep = running(50.0, 0.04) - running(50.0, 0.08)
    flat = running(300.0, 0.04) - running(300.0, 0.08)
    assert steep > 0.3 > flat
