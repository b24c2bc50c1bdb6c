"""What agents observe in a month: prices, tariffs, queues and aggregates, published by the world before
they act.
"""

from __future__ import annotations

from agents.base import ByForecaster, ByGeneration, ByHour, BySite, BySkill, Columns

HOURS_PER_DAY = 24
MONTHS_PER_YEAR = 12

# Draw slots of every firm: one keyed stream each (see sim/streams.py)
U_CONSIDER, U_FORECASTER, U_SWITCH, U_DETECTION, U_LICENCE, U_DELAY, U_QUEUE, U_PEER = range(8)
# AI firms have no peers: the same slot of their own stream decides where they build
U_SITE = U_PEER
# Miners abroad draw as far as the slot of delivery
WORLD_MINER_DRAWS = U_DELAY + 1


class World(Columns):
    """The observation record: one row, rewritten every month by ``sim``; agents only read it."""

    # Calendar
    month: int
    month_of_year: int
    days: float
    # Bitcoin
    btc_price_usd: float
    hashprice_usd_per_ph_day: float
    network_hash_ehs: float
    coins_issued_btc: float
    months_to_halving: float
    # Expectations of hashprice, by forecaster (naive, adaptive, trend, anchor), and of its log
    forecast_usd_per_ph_day: ByForecaster
    forecast_log_hashprice: ByForecaster
    forecaster_share: ByForecaster
    # Mining hardware by generation
    rig_j_per_th: ByGeneration
    rig_price_usd_per_ths: ByGeneration
    rig_spot_usd_per_ths: ByGeneration
    rig_on_sale: ByGeneration
    used_stock_ths: ByGeneration
    used_fill_share: ByGeneration
    used_price_factor: ByGeneration
    delivery_months: float
    # Makers: orders not yet made, smoothed orders and what they can make a month; price over production cost
    rig_backlog_gw: float
    rig_orders_gw_per_month: float
    rig_supply_gw_per_month: float
    rig_markup: float
    # Growth of world hash that miners have learned, and the decline of hashprice they expect from it
    hash_growth_per_month: float
    hashprice_decline_per_month: float
    # Hashprice at which a newcomer with the newest machine earns nothing beyond his costs
    entry_hashprice_usd_per_ph_day: float
    # Part of the sites abroad that weather or a temporary cut leaves running
    running_share_abroad: float
    # Cost of a site abroad over that of today, and what it costs per kWh of its machines; power price of the
    # month there over that of the year
    site_cost_factor_abroad: float
    site_rent_abroad_usd_per_kwh: float
    power_season_abroad: float
    mean_site_abroad_mw: float
    closure_scale_ehs: float
    # Power prices, before levy and sales tax
    offer_tariff_usd_per_kwh: ByHour
    industrial_tariff_usd_per_kwh: ByHour
    offer_tariff_mean_usd_per_kwh: float
    industrial_tariff_mean_usd_per_kwh: float
    marginal_cost_mean_usd_per_kwh: float
    levy_usd_per_kwh: float
    local_per_usd: float
    # Grid service in the last month, by hour
    interruptible_served_share: ByHour
    firm_served_share: ByHour
    interruptible_served_mean: float
    firm_served_mean: float
    firm_served_year: float
    # Allocation
    offer_effective: int
    # Enforcement and peers
    detection_rate_per_signature: float
    illegal_mw: float
    caught_share: float
    entrants: float
    entrants_log: float
    # Computing hardware by generation, and cooling overhead by hour over its mean of the year
    gpu_kw_it: ByGeneration
    gpu_usd: ByGeneration
    gpu_h100_equivalents: ByGeneration
    gpu_on_sale: ByGeneration
    pue_factor: ByHour
    # Compute market
    gpu_price_usd_per_hour: float
    domestic_price_usd_per_hour: float
    export_price_usd_per_hour: float
    home_demand_mw_it: float
    export_demand_mw_it: float
    public_room_mw_it: float
    anchor_contract_share: float
    anchor_market_share: float
    merchant_mw_it: float
    utilisation: float
    domestic_sales_share: float
    chips_left_gpus: float
    # Sites abroad that compete for AI firms
    site_premium_per_year: BySite
    site_power_usd_per_kwh: BySite
    site_pue: BySite
    site_capex_usd_per_mw_it: BySite
    site_tax_rate: BySite
    site_open_months: BySite
    site_chip_success: BySite
    # Labour market
    wage_usd_per_month: BySkill
    hire_share: BySkill
    mining_operations_skill_share: BySkill
    ai_operations_skill_share: BySkill
    construction_skill_share: BySkill
    # Power sector, as its regulator and lender see it
    average_cost_usd_per_kwh: float
    offer_subsidy_gdp_share: float
    surplus_hour: ByHour
    surplus_share: float
    # Macro
    reversal_hazard_per_year: float


class Parameters:
    """Type of the parameter record: one float attribute per row of the registry
    (``sim/data/parameters.csv``).
    """

    def __getattr__(self, name: str) -> float:
        raise AttributeError(name)
