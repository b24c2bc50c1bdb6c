"""The bitcoin network in a month: issuance under the retarget, hashprice, and forecasts of hashprice."""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import FORECASTERS
from agents.rules.expectations import (
    fitness,
    forecast_adaptive,
    forecast_anchor,
    forecast_naive,
    forecast_trend,
    softmax4,
    switch_share,
)
from agents.rules.protocol import blocks_per_day, hashprice_usd_per_ph_day, subsidy_btc
from sim.compiled import kernel

HALVING_BLOCKS = 210_000
SECONDS_PER_DAY = 86_400.0
TARGET_BLOCKS_PER_DAY = 144.0
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
    """Publish what miners see at the start of the month: this month's price and reward on last month's hash rate."""
    world = worlds[0]
    world.btc_price_usd = price_usd
    subsidy = mean_subsidy_btc(height, TARGET_BLOCKS_PER_DAY * days)
    reward = TARGET_BLOCKS_PER_DAY * subsidy / (1.0 - fee_share)
    world.hashprice_usd_per_ph_day = hashprice_usd_per_ph_day(reward, price_usd, world.network_hash_ehs)
    left = HALVING_BLOCKS - height % HALVING_BLOCKS
    world.months_to_halving = left / (TARGET_BLOCKS_PER_DAY * 30.4375)


@kernel
def update_forecasts(worlds, pars, memory):  # type: ignore[no-untyped-def]
    """Score last month's forecasts, shift shares towards the better rules, forecast again (Eq. M1, B8).

    ``memory``: [0:4] last forecasts, [4:8] fitness, [8] last log hashprice, [9] anchor (slow mean), [10] started flag.
    """
    world, par = worlds[0], pars[0]
    now = math.log(world.hashprice_usd_per_ph_day)
    if memory[10] == 0.0:
        for rule in range(FORECASTERS):
            memory[rule] = now
            world.forecaster_share[rule] = 1.0 / FORECASTERS
        memory[8] = now
        memory[9] = now
        memory[10] = 1.0
    for rule in range(FORECASTERS):
        memory[4 + rule] = fitness(memory[4 + rule], now - memory[rule], par.forecast_error_variance, par.forecast_memory)
    for rule in range(FORECASTERS):
        target = softmax4(par.forecast_intensity, memory[4], memory[5], memory[6], memory[7], rule)
        world.forecaster_share[rule] = switch_share(world.forecaster_share[rule], target, par.forecast_inertia)
    memory[9] = memory[9] - par.hashprice_decline_per_month + (now - memory[9]) / 24.0
    memory[NAIVE] = forecast_naive(now)
    memory[ADAPTIVE] = forecast_adaptive(memory[ADAPTIVE], now, par.adaptive_weight)
    memory[TREND] = forecast_trend(now, memory[8], par.trend_gain)
    memory[ANCHOR] = forecast_anchor(now, memory[9], par.anchor_weight)
    memory[8] = now
    for rule in range(FORECASTERS):
        world.forecast_log_hashprice[rule] = memory[rule]


@kernel
def run_network(miners, world_miners, worlds, fee_share, height, days):  # type: ignore[no-untyped-def]
    """Add up the hash rate that the grid really served and issue the month's coins under the retarget (Eq. B1, B2).

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
    now = max(home + abroad, 1e-6)
    growth = max(-0.95, now / before - 1.0)
    blocks = blocks_per_day(growth, days * SECONDS_PER_DAY) * days
    coins = blocks * mean_subsidy_btc(height, blocks) / (1.0 - fee_share)
    world.network_hash_ehs = now
    world.coins_issued_btc = coins
    return home, blocks, hashprice_usd_per_ph_day(coins / days, world.btc_price_usd, now)

