"""The end of a month in compiled code: flows are added up and posted, firms and people counted, and the pages
of the diary filled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from sim.census import Census, take_census
from sim.compiled import kernel
from sim.diary import Pages, PowerMonth, Scattered
from sim.grid_outputs import count_hours, day_totals
from sim.invariants import people, people_gaps
from sim.labour_outputs import AI, BUILDING, MINING, all_jobs
from sim.posting import post_month
from sim.power import MonthOfPower
from sim.public import Seen, observe_gaps
from sim.settlement import ALL, PowerAccounts, add_up
from sim.state import FLOW, State
from sim.surplus import OFFER_MW, PROBE_MW, measure_months
from sim.treasury import close_treasury, count_coins, exchange_row, tax_revenue, total
from sim.unit_costs import ai_stack, mining_stack, new_hall_usd_per_mw_it

FloatArray = npt.NDArray[np.float64]
STOCKS = 4
MINING_CASH, AI_CASH, MACHINES, NEW_HALLS = range(STOCKS)


class Parties(NamedTuple):
    """Records that the end of a month looks at."""

    miners: Any
    world_miners: Any
    ai_firms: Any
    miner_flows: Any
    ai_flows: Any
    consumers: Any
    skills: Any
    government: Any
    lender: Any
    world: Any
    policy: Any
    par: Any


def parties_of(state: State) -> tuple[Any, ...]:
    """The records of a state in the order of ``Parties``: compiled code takes a plain tuple in half the time
    of a named one.
    """
    return (
        state.miners, state.world_miners, state.ai_firms, state.miner_flows, state.ai_flows, state.consumers,
        state.skills, state.government, state.lender, state.world, state.policy, state.par,
    )  # fmt: skip


class Stand(NamedTuple):
    """How things stood at the end of the month before, and then of this one: cash of miners and of AI firms
    (USD), mining machines (TH/s) and new halls (MW of IT); people by skill; the treasury (see
    ``close_treasury``); the part of every firm that is owned abroad.
    """

    stocks: FloatArray
    heads: FloatArray
    treasury: FloatArray
    foreign_miners: FloatArray
    foreign_ai: FloatArray


class Day(NamedTuple):
    """The typical day of the month that was dispatched: MW by zone and hour, USD per MWh by hour; and the
    month's generation (MWh), emissions (t) and days.
    """

    demand_mw: FloatArray
    price_usd_per_mwh: FloatArray
    shed_mw: FloatArray
    interrupted_mw: FloatArray
    over_mw: FloatArray
    generation_mwh: float
    emissions_t: float
    days: float


def day_of(power: MonthOfPower) -> tuple[Any, ...]:
    """What the end of a month needs of its dispatch, in the order of ``Day``."""
    result = power.result
    return (
        power.demand_mw, power.price_usd_per_mwh, result.shed_mw, result.interrupted_mw, result.over_mw,
        power.generation_mwh, power.emissions_t, power.days,
    )  # fmt: skip


class Events(NamedTuple):
    """What markets and inspectors did in the month: hash rate at home (EH/s) and hashprice (USD/PH/day);
    cases and what seized machines fetched (USD); site MW that changed hands.
    """

    home_hash_ehs: float
    hashprice_usd_per_ph_day: float
    cases: float
    seized_usd: float
    converted_mw: float


@register_jitable
def write(row, parts):  # type: ignore[no-untyped-def]
    """Write numbers into a row."""
    for place in range(len(parts)):
        row[place] = parts[place]


@register_jitable
def count(parties: Parties) -> Census:
    """Take the census."""
    return take_census(parties.miners, parties.world_miners, parties.ai_firms, parties.world, parties.policy)


@register_jitable
def keep_stocks(stocks: FloatArray, census: Census) -> None:
    """Remember the stocks of a census."""
    stocks[MINING_CASH], stocks[AI_CASH] = census.mining.cash_usd, census.ai.cash_usd
    stocks[MACHINES], stocks[NEW_HALLS] = census.machines_ths, census.ai.new_it_mw


@kernel
def open_stand(parties: Any, stand: Any) -> None:
    """Count stocks and people as they are; arguments in the order of ``Parties`` and ``Stand``."""
    now = Parties(*parties)
    keep_stocks(Stand(*stand).stocks, count(now))
    Stand(*stand).heads[:] = people(now.skills)


@register_jitable
def close_flows(pages, month, lines, t, parties, stand, accounts, mean_load_mw, seized_usd):  # type: ignore[no-untyped-def]
    """Add up the flows of all firms, close the treasury's month and post everything to ``month`` (rows x
    sectors of the ledger). Returns a Treasury.
    """
    world, policy, par = parties.world[0], parties.policy[0], parties.par[0]
    partner = policy.state_partner_share
    stand.foreign_miners[0] = partner
    add_up(parties.miners, parties.miner_flows, stand.foreign_miners, 1.0 - partner, pages.miners[t])
    add_up(parties.ai_firms, parties.ai_flows, stand.foreign_ai, 0.0, pages.ai_firms[t])
    # A public guarantee of country risk covers the capital of new halls at today's prices
    insured_usd = stand.stocks[NEW_HALLS] * new_hall_usd_per_mw_it(world, par)
    treasury = close_treasury(
        stand.treasury, mean_load_mw, policy, parties.government[0], parties.lender[0], par, seized_usd,
        insured_usd, pages.ai_firms[t, ALL, FLOW.sales_state_usd],
    )  # fmt: skip
    write(pages.accounts[t], accounts)
    write(pages.treasury[t], treasury)
    own = slice(t, t + 1)
    post_month(month, lines, pages.miners[t], pages.ai_firms[t], pages.accounts[own], pages.treasury[own])
    return treasury


@kernel
def close_month(  # type: ignore[no-untyped-def]
    pages, flows, lines, t, parties, stand, accounts, day, events, mean_load_mw
):
    """Close month ``t``: post it to the ledger (``flows``), fill the pages that tell what happened, and show
    the government what it looks at. Returns the change in the cash of miners and of AI firms (USD), machines
    before and now (TH/s), and the gaps of ``people_gaps``. Plain tuples stand for ``Pages``, ``Parties``,
    ``Stand``, ``PowerAccounts``, ``Day`` and ``Events``.
    """
    pages, parties, stand = Pages(*pages), Parties(*parties), Stand(*stand)
    accounts, day, events = PowerAccounts(*accounts), Day(*day), Events(*events)
    treasury = close_flows(
        pages, flows[t], lines, t, parties, stand, accounts, mean_load_mw, events.seized_usd
    )
    census = count(parties)
    write(pages.mining[t], census.mining)
    write(pages.ai[t], census.ai)
    pages.jobs[t] = census.jobs
    pages.state_mine_btc[t] = parties.miners[0].coins_btc
    write(
        pages.scattered[t],
        Scattered(
            events.home_hash_ehs, events.hashprice_usd_per_ph_day, census.abroad_hash_ehs,
            census.abroad_machine_mw, events.cases, events.converted_mw, census.expatriates,
            census.kept_abroad_usd,
        ),
    )  # fmt: skip
    lost, cut, spilt, price, solar, battery = day_totals(
        day.demand_mw, day.price_usd_per_mwh, day.shed_mw, day.interrupted_mw, day.over_mw, parties.consumers
    )
    write(
        pages.power[t],
        PowerMonth(day.generation_mwh, day.emissions_t, lost, cut, spilt, price, solar, battery),
    )
    par, jobs = parties.par[0], census.jobs
    at_work = jobs[MINING].sum() + jobs[AI].sum()
    miners, ai_firms, share = pages.miners[t], pages.ai_firms[t], par.compute_import_substitution_share
    exchange = exchange_row(miners, ai_firms, accounts, treasury, census.kept_abroad_usd, share)
    seen = Seen(
        accounts.arrears_change_usd, accounts.consumer_bill_usd, accounts.consumer_mwh, lost * day.days,
        all_jobs(jobs[BUILDING].sum(), at_work, par), total(tax_revenue(miners, ai_firms, treasury)),
        exchange.reserves_change_usd,
    )  # fmt: skip
    observe_gaps(parties.government[0], par, seen)
    stocks, now = stand.stocks, people(parties.skills)
    before = stocks.copy()
    keep_stocks(stocks, census)
    unexplained, miscounted, scale = people_gaps(parties.skills, stand.heads, now, jobs)
    stand.heads[:] = now
    return (
        stocks[MINING_CASH] - before[MINING_CASH], stocks[AI_CASH] - before[AI_CASH], before[MACHINES],
        stocks[MACHINES], unexplained, miscounted, scale,
    )  # fmt: skip


@kernel
def record_months(pages, first, case, purse, worlds, policies, pars):  # type: ignore[no-untyped-def]
    """Fill the pages that nobody in the model looks at, for months from ``first`` on: room for new load, what
    a MWh costs, the state's coins (``purse`` as in ``count_coins``). ``case`` is that of ``surplus_case``;
    records are those of all months.
    """
    pages = Pages(*pages)
    free_mw, probe_usd_per_mwh = measure_months(pars[first:], case)
    for month in range(len(free_mw)):
        t = first + month
        world, policy, par = worlds[t], policies[t], pars[t]
        pages.free_mw[t] = free_mw[month]
        anywhere, by_zone, costs = count_hours(free_mw[month], probe_usd_per_mwh[month], OFFER_MW, PROBE_MW)
        pages.offer_hours[t] = anywhere
        pages.probe_hours[t] = by_zone
        pages.probe_usd_per_mwh[t] = costs
        write(pages.mining_costs[t], mining_stack(world, policy, par))
        write(pages.ai_costs[t], ai_stack(world, policy, par))
        share = policy.state_partner_share
        write(pages.coins[t], count_coins(purse, pages.state_mine_btc[t], share, world.btc_price_usd))
