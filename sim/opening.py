"""The start of a month in compiled code: what the world shows before anybody acts."""

from __future__ import annotations

from sim.ai_hardware import publish_computing
from sim.bitcoin import observe_hashprice, strike_sites_abroad, update_forecasts
from sim.compiled import kernel
from sim.hardware import quote_machines
from sim.networks import observe_peers
from sim.public import start_month


@kernel
def open_month(  # type: ignore[no-untyped-def]
    worlds, governments, lenders, world_miners, t, month_of_year, days, government_draw, lender_draw,
    gpu_release_month, pue_factor, btc_price_usd, fee_share, height, conditions_abroad, events_abroad,
):  # fmt: skip
    """Publish calendar, computing on sale, hashprice and the month's conditions and events abroad."""
    start_month(worlds, governments, lenders, t, month_of_year, days, government_draw, lender_draw)
    publish_computing(worlds, gpu_release_month, pue_factor)
    observe_hashprice(worlds, btc_price_usd, fee_share, height, days)
    world = worlds[0]
    world.site_cost_factor_abroad = conditions_abroad[t, 0]
    world.power_season_abroad = conditions_abroad[t, 1]
    strike_sites_abroad(world_miners, worlds, events_abroad[t, 0], events_abroad[t, 1])


@kernel
def show_markets(  # type: ignore[no-untyped-def]
    miners, peers, worlds, pars, memory, release_month, supply_index
):
    """Show miners their peers, forecasts of hashprice by each rule and what machines cost."""
    observe_peers(miners, peers)
    update_forecasts(worlds, pars, memory)
    quote_machines(worlds, pars, release_month, supply_index)
