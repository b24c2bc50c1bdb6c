"""The outputs of a run: bitcoin, mining, AI, allocation, money and labour, and all of them together, as
columns over months.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.grid_outputs import grid_row
from sim.labour_outputs import job_outputs, jobs_elsewhere, pool_outputs
from sim.settlement import ALL, FOREIGN
from sim.state import FLOW
from sim.treasury import coin_row, exchange_row, paid, tax_row
from sim.unit_costs import PARTS_AI, PARTS_MINING

if TYPE_CHECKING:
    from sim.countries import Country
    from sim.diary import Months

FloatArray = npt.NDArray[np.float64]
Row = dict[str, FloatArray]


def month_outputs(months: Months, country: Country, release_month: FloatArray) -> Row:
    """All outputs of the registry: name -> column. ``release_month`` is that of mining machines."""
    miners, ai_firms, accounts, treasury = months.miners, months.ai_firms, months.accounts, months.treasury
    row = (
        bitcoin_row(months, release_month) | mining_row(months) | ai_row(months)
        | allocation_row(months) | money_row(months) | labour_row(months)
        | grid_row(country, months)
        | exchange_row(
            miners, ai_firms, accounts, treasury, months.scattered.kept_abroad_usd,
            months.par["compute_import_substitution_share"],
        )._asdict()
        | tax_row(miners, ai_firms, accounts, treasury) | coin_row(months)
    )  # fmt: skip
    row["net_fiscal_with_coins_usd"] = months.coins.change_usd + row["net_fiscal_usd"]
    return row


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part over whole; 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


def bitcoin_row(months: Months, release_month: FloatArray) -> Row:
    """Outputs on the bitcoin network."""
    world, found = months.world, months.scattered
    newest = np.searchsorted(release_month, months.number, side="right") - 1
    return {
        "btc_price_usd": months.btc_price_usd,
        "world_hash_ehs": world["network_hash_ehs"],
        "home_hash_ehs": found.home_hash_ehs,
        "home_hash_share": found.home_hash_ehs / world["network_hash_ehs"],
        "hashprice_usd_per_ph_day": found.hashprice_usd_per_ph_day,
        "network_efficiency_j_per_th": ratio(found.abroad_machine_mw, found.abroad_hash_ehs),
        "machine_price_usd_per_ths": world["rig_price_usd_per_ths"][np.arange(len(newest)), newest],
        "machine_orders_gw": world["rig_orders_gw_per_month"],
    }


def mining_row(months: Months) -> Row:
    """Outputs on home mining."""
    firms = months.mining
    return {
        "mining_mw": firms.licensed_mw + firms.grey_mw + firms.theft_mw,
        "mining_licensed_mw": firms.licensed_mw,
        "mining_grey_mw": firms.grey_mw,
        "mining_theft_mw": firms.theft_mw,
        "mining_firms": firms.firms,
        "mining_exits": firms.exits,
        "mining_cases": months.scattered.cases,
    }


def ai_row(months: Months) -> Row:
    """Outputs on AI firms and on what a MWh costs a new mine and a new hall."""
    firms = months.ai
    row = {
        "ai_mw": firms.load_mw,
        "ai_it_mw": firms.it_mw,
        "ai_new_it_mw": firms.new_it_mw,
        "ai_anchored_it_mw": firms.anchored_it_mw,
        "ai_allocation_share": ratio(
            ratio(firms.new_it_mw, firms.it_mw) * firms.load_mw, months.policy["quota_mw"]
        ),
        "ai_pipeline_mw": firms.building_mw,
        "ai_converted_mw": months.scattered.converted_mw,
        "ai_utilisation": months.world["utilisation"],
        "ai_entered": firms.entered,
        "ai_cancelled": firms.cancelled,
        "ai_blocked_return": firms.blocked_return,
        "ai_blocked_capital": firms.blocked_capital,
        "ai_blocked_queue": firms.blocked_queue,
        "ai_blocked_chips": firms.blocked_chips,
        "ai_blocked_demand": firms.blocked_demand,
        "ai_blocked_risk": firms.blocked_risk,
        "ai_blocked_power": firms.blocked_power,
        "ai_blocked_abroad": firms.blocked_abroad,
        "ai_relief_demand": firms.relief_demand,
        "ai_relief_risk": firms.relief_risk,
        "ai_relief_power": firms.relief_power,
        "gpu_price_usd_per_hour": months.gpu_price_usd_per_hour,
    }
    stacks = (("mining", PARTS_MINING, months.mining_costs), ("ai", PARTS_AI, months.ai_costs))
    for sector, parts, costs in stacks:
        row |= {f"{sector}_{part}_usd_per_mwh": costs[:, place] for place, part in enumerate(parts)}
    return row


def allocation_row(months: Months) -> Row:
    """Outputs on the allocation: new load at home whatever it pays, and the part of it on the terms of the
    offer. Data centres that stood before are in neither.
    """
    ai, policy, operator = months.ai, months.policy, months.operator
    return {
        "energised_mw": months.mining.licensed_mw + ratio(ai.new_it_mw, ai.it_mw) * ai.load_mw,
        "offer_mw": months.mining.offer_mw + ai.offer_mw,
        "offer_in_force": months.world["offer_effective"].astype(np.float64),
        "quota_mw": policy["quota_mw"] * policy["offer_open"],
        "queue_mw": operator["queue_mining_mw"] + operator["queue_ai_mw"],
        "offer_refused": months.lender["refusing"].astype(np.float64),
        "programme_delayed_usd": months.lender["withheld_usd"],
        "offer_tariff_usd_per_kwh": months.world["offer_tariff_mean_usd_per_kwh"],
    }


def money_row(months: Months) -> Row:
    """Outputs on investment and sales."""
    miners, ai_firms = months.miners, months.ai_firms
    return {
        "investment_usd": paid(miners, ai_firms, FLOW.invested_usd),
        "investment_mining_usd": miners[ALL, FLOW.invested_usd],
        "investment_ai_usd": ai_firms[ALL, FLOW.invested_usd],
        "foreign_investment_usd": miners[FOREIGN, FLOW.equity_usd] + ai_firms[FOREIGN, FLOW.equity_usd],
        "coin_sales_usd": miners[ALL, FLOW.sales_abroad_usd],
        "ai_sales_usd": ai_firms[ALL, FLOW.sales_abroad_usd] + ai_firms[ALL, FLOW.sales_home_usd],
    }


def labour_row(months: Months) -> Row:
    """Outputs on jobs and wages."""
    accounts = months.accounts
    gap_usd = accounts.special_gap_others_usd
    jobs = job_outputs(months.jobs, months.scattered.expatriates, months.par)
    return (
        jobs
        | pool_outputs(months.skills)
        | {
            "jobs_elsewhere": jobs_elsewhere(gap_usd, accounts.consumer_bill_usd, months.par),
            "wages_usd": paid(months.miners, months.ai_firms, FLOW.wages_usd),
        }
    )
