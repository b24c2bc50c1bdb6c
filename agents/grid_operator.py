"""The grid operator: purchaser, dispatcher and distributors in one company that connects, bills and carries
arrears.
"""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import ByMonth, Columns
from agents.policy import AI_FIRST, Policy
from agents.rules.tariff import pass_through_price
from agents.world import MONTHS_PER_YEAR, Parameters, World


class GridOperator(Columns):
    """Power purchaser and distributors: rolling accounts of twelve months, tariffs and the stock of
    arrears.
    """

    agent_id: int
    # Rolling accounts by calendar month
    energy_cost_usd: ByMonth
    capacity_cost_usd: ByMonth
    special_revenue_usd: ByMonth
    allowed_sales_mwh: ByMonth
    special_sales_mwh: ByMonth
    # Tariffs to ordinary consumers, USD per kWh
    base_tariff_usd_per_kwh: float
    reference_energy_usd_per_kwh: float
    fuel_adjustment_usd_per_kwh: float
    subsidy_usd_per_kwh: float
    network_cost_usd_per_year: float
    # Stocks
    arrears_usd: float
    # Queue and connected load, written by the connection desk
    queue_mining_mw: float
    queue_ai_mw: float
    committed_mining_mw: float
    committed_ai_mw: float
    mining_room_mw: float
    ai_room_mw: float
    mining_carry_mw: float
    ai_carry_mw: float

    @register_jitable
    def offer_connections(self, world: World, policy: Policy, par: Parameters) -> None:
        """Say how many MW may still be connected this month: what the quota leaves, split by its rule, at the
        desk's pace.
        """
        mining_quota = policy.quota_mw * policy.mining_quota_share
        free = max(0.0, policy.quota_mw - self.committed_mining_mw - self.committed_ai_mw)
        pace = par.connection_pace_mw_per_month
        if policy.offer_open == 0 or world.offer_effective == 0:
            self.mining_room_mw = 0.0
            self.ai_room_mw = pace + self.ai_carry_mw
            return
        self.ai_room_mw = min(pace + self.ai_carry_mw, free)
        mining_free = min(free, max(0.0, mining_quota - self.committed_mining_mw))
        self.mining_room_mw = min(pace + self.mining_carry_mw, mining_free)
        if policy.allocation_rule == AI_FIRST or policy.ai_priority == 1:
            self.mining_room_mw = min(self.mining_room_mw, max(0.0, free - self.queue_ai_mw))

    @register_jitable
    def adjust_tariff(self, world: World, policy: Policy, par: Parameters) -> None:
        """Pass fuel cost through monthly and rebase once a year on twelve months of cost and sales (Eq. M10,
        B12).
        """
        now = world.month % 12
        sold = (self.allowed_sales_mwh[now] + self.special_sales_mwh[now]) * 1000.0
        if sold > 0.0:
            self.fuel_adjustment_usd_per_kwh = par.fuel_pass_through_share * (
                self.energy_cost_usd[now] / sold - self.reference_energy_usd_per_kwh
            )
        if (world.month + 1) % MONTHS_PER_YEAR != int(par.rebasing_month):
            return
        energy, capacity, special, sales, all_sales = 0.0, 0.0, 0.0, 0.0, 0.0
        for month in range(12):
            energy += self.energy_cost_usd[month]
            capacity += self.capacity_cost_usd[month]
            special += self.special_revenue_usd[month]
            sales += self.allowed_sales_mwh[month] * 1000.0
            all_sales += (self.allowed_sales_mwh[month] + self.special_sales_mwh[month]) * 1000.0
        if sales <= 0.0:
            return
        fixed = capacity + self.network_cost_usd_per_year - special
        self.reference_energy_usd_per_kwh = energy / all_sales
        self.base_tariff_usd_per_kwh = pass_through_price(energy / sales, fixed, sales)
        self.fuel_adjustment_usd_per_kwh = 0.0
