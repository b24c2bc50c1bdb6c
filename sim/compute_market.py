"""The compute market: home demand at a premium, export demand at a discount, utilisation of what is built
(Eq. M13).
"""

from __future__ import annotations

import math

from sim.compiled import kernel


@kernel
def clear_compute(ai_firms, worlds, policies, pars, gpu_price, first_price):  # type: ignore[no-untyped-def]
    """Publish segment prices, unserved demand and the utilisation of the installed capacity.

    Demand of a segment grows with time and falls with the market price by a constant elasticity; installed MW
    serve the home
    market first. Pipelines count against the room that new projects see. Returns demand at home and abroad,
    MW of IT.
    """
    world, par = worlds[0], pars[0]
    installed, coming = 0.0, 0.0
    for i in range(len(ai_firms)):
        installed += ai_firms[i].it_mw
        if ai_firms[i].building_mw > 0.0 or ai_firms[i].applied_mw > 0.0:
            coming += ai_firms[i].planned_mw_it
    years = world.month / 12.0
    # Prices per unit of computing fall by progress; what buyers get per MW rises with it, so MW demand
    # follows the gap
    trend = first_price * math.exp(-math.log1p(par.gpu_progress_per_year) * years)
    response = math.exp(-par.compute_demand_elasticity * math.log(gpu_price / trend))
    home = (
        par.ai_domestic_demand_mw_it
        * math.exp(math.log1p(par.ai_domestic_demand_growth_per_year) * years)
        * response
    )
    home += policies[0].ai_anchor_demand_mw
    abroad = (
        par.ai_export_demand_mw_it * math.exp(math.log1p(par.ai_export_growth_per_year) * years) * response
    )
    world.gpu_price_usd_per_hour = gpu_price
    world.domestic_price_usd_per_hour = gpu_price * par.ai_domestic_price_premium
    world.export_price_usd_per_hour = gpu_price * (1.0 - par.ai_export_price_discount)
    served_home = min(home, installed)
    served = min(home + abroad, installed)
    world.utilisation = par.billed_utilisation * (served / installed if installed > 0.0 else 1.0)
    world.domestic_sales_share = served_home / served if served > 0.0 else 1.0
    world.domestic_room_mw_it = max(0.0, home - installed - coming)
    world.export_room_mw_it = max(0.0, home + abroad - installed - coming) - world.domestic_room_mw_it
    return home, abroad
