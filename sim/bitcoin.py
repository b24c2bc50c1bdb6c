"""The bitcoin network in a month: issuance under the retarget, hashprice, and forecasts of hashprice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable

from agents.base import FORECASTERS, GENERATIONS
from agents.miner_appraisal import (
    avoidable_usd_per_kwh,
    fleet_mw,
    power_abroad_usd_per_kwh,
    running_share,
)
from agents.miner_plans import UNHOUSED
from agents.rules.expectations import (
    expected_decline,
    fitness,
    forecast_adaptive,
    forecast_anchor,
    forecast_naive,
    forecast_trend,
    softmax4,
)
from agents.rules.mining import elastic_world_hash
from agents.rules.protocol import blocks_per_day, hashprice_usd_per_ph_day, subsidy_btc
from sim.compiled import kernel

HALVING_BLOCKS = 210_000
SECONDS_PER_DAY = 86_400.0
TARGET_BLOCKS_PER_DAY = 144.0
# Grid of break-even hashprices, USD/PH/day: 0.1 to about 4,000 in steps of 1 %
LOWEST_BREAKEVEN, BREAKEVEN_STEP, BREAKEVEN_BINS = 0.1, 0.01, 1060
# A steeper steady decline has no finite epoch in Eq. B2; a collapse beyond it counts as this rate
LARGEST_FALL_PER_MONTH = -0.5
NAIVE, ADAPTIVE, TREND, ANCHOR = range(FORECASTERS)


@register_jitable
def mean_subsidy_btc(first_height: float, blocks: float) -> float:
    """Average subsidy of the blocks of a month, exact when a halving falls inside it."""
    height = int(first_height)
    next_halving = (height // HALVING_BLOCKS + 1) * HALVING_BLOCKS
    before = min(blocks, float(next_halving - height))
    return (before * subsidy_btc(height) + (blocks - before) * subsidy_btc(next_halving)) / blocks


@kernel
def observe_hashprice(worlds, price_usd, fee_share, height, days):  # type: ignore[no-untyped-def]
    """Publish what miners see at the start of the month: this month's price and reward on last month's
    hash rate.
    """
    world = worlds[0]
    world.btc_price_usd = price_usd
    subsidy = mean_subsidy_btc(height, TARGET_BLOCKS_PER_DAY * days)
    reward = TARGET_BLOCKS_PER_DAY * subsidy / (1.0 - fee_share)
    world.hashprice_usd_per_ph_day = hashprice_usd_per_ph_day(reward, price_usd, world.network_hash_ehs)
    left = HALVING_BLOCKS - height % HALVING_BLOCKS
    world.months_to_halving = left / (TARGET_BLOCKS_PER_DAY * 30.4375)


@kernel
def expect_difficulty(miners, world_miners, worlds, pars):  # type: ignore[no-untyped-def]
    """Publish the hashprice at which the month's running machines earn just that hashprice (Eq. B1, B3).

    Difficulty follows within two weeks who runs, so miners do not decide on last month's: the machines that
    run at a hashprice p are those whose break-even lies below p, and p = reward / H(p). H rises with p, so
    the root is unique; it is found on a logarithmic grid of break-even prices. Home firms count at the mean
    of their hourly power price.
    """
    world, par = worlds[0], pars[0]
    reward_usd = world.hashprice_usd_per_ph_day * world.network_hash_ehs * 1000.0
    supply = np.zeros(BREAKEVEN_BINS)
    for i in range(len(world_miners)):
        firm = world_miners[i]
        if firm.active == 1:
            price = power_abroad_usd_per_kwh(firm, world) + avoidable_usd_per_kwh(firm, world, par)
            unit = 24.0 * firm.pue * price / (1.0 - par.pool_fee_share)
            add_supply(firm, world, par, unit, supply)
    for i in range(len(miners)):
        firm = miners[i]
        if firm.energised_mw > 0.0:
            price = 0.0
            if firm.compliance == 0:
                price = world.offer_tariff_mean_usd_per_kwh + world.levy_usd_per_kwh
            elif firm.compliance == 1:
                price = world.industrial_tariff_mean_usd_per_kwh * (1.0 + par.power_tax_ordinary_share)
            unit = 24.0 * firm.pue * price / (1.0 - par.pool_fee_share)
            add_supply(firm, world, par, unit, supply)
    running = np.cumsum(supply)
    # What running machines cost the reward rises with the bin: bisection finds the first that exceeds it
    low, high = 0, BREAKEVEN_BINS
    while low < high:
        step = (low + high) // 2
        price = LOWEST_BREAKEVEN * math.exp(BREAKEVEN_STEP * (step + 1))
        if running[step] * 1000.0 * price >= reward_usd:
            high = step
        else:
            low = step + 1
    if low == BREAKEVEN_BINS:
        world.hashprice_usd_per_ph_day = reward_usd / max(running[-1] * 1000.0, 1e-9)
        return
    before = running[low] - supply[low]
    floor = LOWEST_BREAKEVEN * math.exp(BREAKEVEN_STEP * low)
    price = LOWEST_BREAKEVEN * math.exp(BREAKEVEN_STEP * (low + 1))
    world.hashprice_usd_per_ph_day = max(floor, min(price, reward_usd / max(before * 1000.0, 1e-9)))


@register_jitable
def add_supply(firm: Any, world: Any, par: Any, unit_usd_per_j_per_th: float, supply: Any) -> None:
    """Add a firm's fleet to the supply of hash by break-even hashprice."""
    running = running_share(firm, world, par) / 1e6
    for generation in range(GENERATIONS):
        fleet = firm.fleet_ths[generation]
        if fleet > 0.0:
            breakeven = max(LOWEST_BREAKEVEN, unit_usd_per_j_per_th * world.rig_j_per_th[generation])
            step = int(math.log(breakeven / LOWEST_BREAKEVEN) / BREAKEVEN_STEP)
            supply[max(0, min(BREAKEVEN_BINS - 1, step))] += fleet * running


@kernel
def update_forecasts(worlds, pars, memory):  # type: ignore[no-untyped-def]
    """Score last month's forecasts, publish the shares that firms who reconsider draw from, forecast again
    (Eq. M1, B8).

    ``memory``: [0:4] last forecasts, [4:8] fitness, [8] last log hashprice, [9] anchor (slow mean), [10]
    started flag.
    """
    world, par = worlds[0], pars[0]
    world.hashprice_decline_per_month = expected_decline(
        par.hashprice_decline_per_month,
        par.hash_growth_weight,
        world.hash_growth_per_month,
        1.0 - world.entry_hashprice_usd_per_ph_day / world.hashprice_usd_per_ph_day,
    )
    now = math.log(world.hashprice_usd_per_ph_day)
    if memory[10] == 0.0:
        for rule in range(FORECASTERS):
            memory[rule] = now
            world.forecaster_share[rule] = 1.0 / FORECASTERS
        memory[8] = now
        memory[9] = now
        memory[10] = 1.0
    for rule in range(FORECASTERS):
        memory[4 + rule] = fitness(
            memory[4 + rule], now - memory[rule], par.forecast_error_variance, par.forecast_memory
        )
    for rule in range(FORECASTERS):
        target = softmax4(par.forecast_intensity, memory[4], memory[5], memory[6], memory[7], rule)
        world.forecaster_share[rule] = target
    memory[9] = memory[9] - world.hashprice_decline_per_month + (now - memory[9]) / 24.0
    memory[NAIVE] = forecast_naive(now)
    memory[ADAPTIVE] = forecast_adaptive(memory[ADAPTIVE], now, par.adaptive_weight)
    memory[TREND] = forecast_trend(now, memory[8], par.trend_gain)
    memory[ANCHOR] = forecast_anchor(now, memory[9], par.anchor_weight)
    memory[8] = now
    for rule in range(FORECASTERS):
        world.forecast_log_hashprice[rule] = memory[rule]
        world.forecast_usd_per_ph_day[rule] = math.exp(memory[rule])


@kernel
def strike_sites_abroad(world_miners, worlds, closed_share, running_share):  # type: ignore[no-untyped-def]
    """Apply a dated event abroad: sites lost for good, whose machines are displaced (Eq. M4), and the part
    of the rest that weather or a temporary cut leaves running this month.
    """
    worlds[0].running_share_abroad = running_share
    if closed_share <= 0.0:
        return
    for i in range(len(world_miners)):
        firm = world_miners[i]
        if firm.active == 1:
            firm.site_mw = min(firm.site_mw, fleet_mw(firm, worlds[0])) * (1.0 - closed_share)
            firm.displaced = UNHOUSED


@register_jitable
def close_elastically(home_ehs: float, reward_usd_per_day: float, world: Any, elasticity: float) -> float:
    """Hash rate abroad under the static closure that tests use in place of firms, EH/s (Eq. B4).

    The scale is set in the first month, so that the network starts at the hash rate it had.
    """
    if world.closure_scale_ehs <= 0.0:
        first = math.log(world.network_hash_ehs)
        slope = elasticity * (math.log(reward_usd_per_day) - first)
        world.closure_scale_ehs = math.exp(first - slope)
    total = elastic_world_hash(home_ehs, world.closure_scale_ehs, reward_usd_per_day, elasticity)
    return total - home_ehs


@kernel
def run_network(miners, world_miners, worlds, pars, fee_share, height, days):  # type: ignore[no-untyped-def]
    """Add up the hash rate that the grid really served and issue the month's coins under the retarget (Eq.
    B1, B2).

    Returns (home hash EH/s, blocks in the month, realised hashprice USD/PH/day).
    """
    world = worlds[0]
    home = 0.0
    for i in range(len(miners)):
        firm = miners[i]
        if firm.energised_mw <= 0.0:
            continue
        total = 0.0
        for hour in range(24):
            licensed = firm.compliance == 0
            share = world.interruptible_served_share[hour] if licensed else world.firm_served_share[hour]
            total += firm.hash_ehs[hour] * share
        firm.mean_hash_ehs = total / 24.0
        home += firm.mean_hash_ehs
    abroad = 0.0
    for i in range(len(world_miners)):
        abroad += world_miners[i].mean_hash_ehs
    before = world.network_hash_ehs
    if pars[0].closure_elasticity >= 0.0:
        reward = TARGET_BLOCKS_PER_DAY * mean_subsidy_btc(height, TARGET_BLOCKS_PER_DAY * days)
        abroad = close_elastically(
            home, reward / (1.0 - fee_share) * world.btc_price_usd, world, pars[0].closure_elasticity
        )
    now = max(home + abroad, 1e-6)
    growth = max(LARGEST_FALL_PER_MONTH, now / before - 1.0)
    blocks = blocks_per_day(growth, days * SECONDS_PER_DAY) * days
    coins = blocks * mean_subsidy_btc(height, blocks) / (1.0 - fee_share)
    surprise = math.log(now / before) - world.hash_growth_per_month
    world.hash_growth_per_month += surprise / pars[0].hash_growth_memory_months
    world.network_hash_ehs = now
    world.coins_issued_btc = coins
    return home, blocks, hashprice_usd_per_ph_day(coins / days, world.btc_price_usd, now)
