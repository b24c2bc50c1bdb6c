"""The compute market: contracts, then merchant capacity at home between import and export parity (Eq.
M13).
"""

from __future__ import annotations

import math

from agents.ai_appraisal import SOVEREIGN
from agents.rules.compute import home_price_ratio, home_sales
from sim.compiled import kernel


@kernel
def clear_compute(ai_firms, worlds, policies, pars, gpu_price, first_price):  # type: ignore[no-untyped-def]
    """Publish prices by segment, what is left of demand, and the utilisation of merchant capacity.

    Demand of a segment grows with time and with the price of compute below its trend. Contracts of the state
    and of buyers abroad are served first; merchant capacity, colocation halls among it, sells at home at a
    price between parities and the rest abroad. Returns demand at home and abroad, MW of IT.
    """
    world, par, policy = worlds[0], pars[0], policies[0]
    merchant, coming, state_contracts, foreign_contracts = 0.0, 0.0, 0.0, 0.0
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        merchant += firm.it_mw - firm.anchored_mw_it - firm.filling_mw_it
        coming += firm.filling_mw_it
        contracts = firm.anchored_mw_it
        if firm.project > 0:
            contracts += firm.planned_mw_it * firm.planned_anchor_share
            coming += firm.planned_mw_it * (1.0 - firm.planned_anchor_share)
        if firm.kind == SOVEREIGN:
            state_contracts += contracts
        else:
            foreign_contracts += contracts
    merchant = max(0.0, merchant)
    years = world.month / 12.0
    # Prices per unit of computing fall by progress; what buyers get per MW rises with it, so MW demand
    # follows the gap
    trend = first_price * math.exp(-math.log1p(par.gpu_progress_per_year) * years)
    response = math.exp(-par.compute_demand_elasticity * math.log(gpu_price / trend))
    growth = math.exp(math.log1p(par.ai_domestic_demand_growth_per_year) * years) * response
    home = par.ai_domestic_demand_mw_it * growth
    anchor = policy.ai_anchor_demand_mw
    public = par.ai_public_demand_share * home + anchor
    home += anchor
    growth = math.exp(math.log1p(par.ai_export_growth_per_year) * years) * response
    abroad = par.ai_export_demand_mw_it * growth
    top, bottom = par.ai_domestic_price_premium, 1.0 - par.ai_export_price_discount
    world.public_room_mw_it = max(0.0, public - state_contracts)
    world.home_demand_mw_it = max(0.0, home - state_contracts)
    world.export_demand_mw_it = max(0.0, abroad - foreign_contracts)
    # Contracts serve the order and the state's ordinary demand alike; the rest of the order is the market's
    world.anchor_contract_share = anchor / public if anchor > 0.0 else 0.0
    left = max(0.0, anchor - world.anchor_contract_share * state_contracts)
    world.anchor_market_share = left / world.home_demand_mw_it if left > 0.0 else 0.0
    world.merchant_mw_it = merchant + coming
    demand, elasticity = world.home_demand_mw_it, par.compute_demand_elasticity
    ratio = home_price_ratio(merchant, demand, elasticity, top, bottom)
    sold_home = home_sales(merchant, demand, elasticity, top, ratio)
    sold = sold_home + min(merchant - sold_home, world.export_demand_mw_it)
    world.gpu_price_usd_per_hour = gpu_price
    world.domestic_price_usd_per_hour = gpu_price * ratio
    world.export_price_usd_per_hour = gpu_price * bottom
    world.utilisation = par.billed_utilisation * (sold / merchant if merchant > 0.0 else 1.0)
    world.domestic_sales_share = sold_home / sold if sold > 0.0 else 1.0
    world.firm_served_year += (world.firm_served_mean - world.firm_served_year) / 12.0
    return home, abroad
