"""The instruments of a regime, as every agent sees them in one month (design 1.5)."""

from __future__ import annotations

from agents.base import Columns

# Allocation rules
FIRST_COME, PRO_RATA, AUCTION, AI_FIRST, SURPLUS_HOURS = range(5)
# Tariff rules
FIXED, MARGINAL_COST_PLUS, INCREMENTAL_PACKAGE, STANDARD_INDUSTRIAL, TIME_OF_USE = range(5)


class Policy(Columns):
    """One month's instrument values; units in the names, definitions in ``sim/data/instruments.csv``."""

    # Access
    mining_legal: int
    offer_open: int
    quota_mw: float
    mining_quota_share: float
    allocation_rule: int
    # Tariff and contract
    tariff_rule: int
    tariff_local_per_kwh: float
    tariff_markup: float
    tariff_indexation: float
    contract_months: float
    grandfathered: int
    interruption_hours_per_year: float
    pause_from_month: float
    pause_to_month: float
    interruption_payment_local_per_kwh: float
    # Levy, licence, taxes
    levy_local_per_kwh: float
    levy_cheap_power_local_per_kwh: float
    licence_required: int
    licence_fee_usd_per_mw_year: float
    licence_months: float
    licence_cap_mw: float
    aml_cost_usd_per_mw_year: float
    income_tax_rate: float
    holiday_months: float
    turnover_tax_rate: float
    withholding_rate: float
    hardware_duty_rate: float
    hardware_sales_tax_rate: float
    power_sales_tax_rate: float
    onshore_sale_share: float
    repatriation_share: float
    # Enforcement
    inspections_per_month: float
    targeting_rule: int
    smart_meter_share: float
    fine_usd_per_mw: float
    seizure_share: float
    cutoff_months: float
    # State mining and reserve
    state_mining_mw: float
    state_partner_share: float
    reserve_share: float
    # AI support
    ai_priority: int
    ai_holiday_months: float
    ai_anchor_demand_mw: float
    ai_guarantee_points_per_year: float
    training_places_per_month: float
    # Commitment and review
    reversal_hazard_per_year: float
    review_months: float
    weight_revenue: float
    weight_arrears: float
    weight_shed: float
    weight_jobs: float
    weight_reserves: float
