"""The grid operator: purchaser, dispatcher and distributors in one company that connects, bills and
carries arrears.
"""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import ByMonth, Columns
from agents.policy import AI_FIRST, Policy
from agents.rules.tariff import loss_with_theft, two_part_price, unrecovered_usd
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
    quarterly_adjustment_usd_per_kwh: float
    fixed_charge_usd_per_month: float
    subsidy_usd_per_kwh: float
    network_cost_usd_per_year: float
    # What tariffs left uncollected: in the reference year by calendar month, in the quarter so far
    reference_gap_usd: ByMonth
    quarter_gap_usd: float
    quarter_sales_kwh: float
    # Hours in which interruptible load was cut, in the contract year
    interrupted_hours: float
    # Losses of the distributors, which follow the tariff
    reference_tariff_usd_per_kwh: float
    loss_share: float
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
        """Say how many MW may still be connected this month: what the quota leaves, split by its rule, at
        the desk's pace.
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
        """Pass fuel cost through monthly and other cost quarterly, rebase once a year on twelve months of
        cost and sales (Eq. M10, B12).
        """
        now = world.month % 12
        network = self.network_cost_usd_per_year / 12.0
        sold = (self.allowed_sales_mwh[now] + self.special_sales_mwh[now]) * 1000.0
        if sold > 0.0:
            self.fuel_adjustment_usd_per_kwh = par.fuel_pass_through_share * (
                self.energy_cost_usd[now] / sold - self.reference_energy_usd_per_kwh
            )
        self.quarter_sales_kwh += self.allowed_sales_mwh[now] * 1000.0
        self.quarter_gap_usd += (
            unrecovered_usd(
                self.energy_cost_usd[now],
                self.capacity_cost_usd[now] + network - self.special_revenue_usd[now],
                self.base_tariff_usd_per_kwh + self.fuel_adjustment_usd_per_kwh,
                self.allowed_sales_mwh[now] * 1000.0,
                self.fixed_charge_usd_per_month,
            )
            - self.reference_gap_usd[now]
        )
        if (world.month + 1) % 3 == 0 and self.quarter_sales_kwh > 0.0:
            share = par.quarterly_pass_through_share
            self.quarterly_adjustment_usd_per_kwh = share * self.quarter_gap_usd / self.quarter_sales_kwh
            self.quarter_gap_usd = 0.0
            self.quarter_sales_kwh = 0.0
        average = self.base_tariff_usd_per_kwh + self.quarterly_adjustment_usd_per_kwh
        self.loss_share = loss_with_theft(
            par.distribution_loss_share,
            par.allowed_loss_share,
            (average + self.fuel_adjustment_usd_per_kwh) / self.reference_tariff_usd_per_kwh,
            par.theft_price_elasticity,
        )
        if (world.month + 1) % MONTHS_PER_YEAR != int(par.rebasing_month):
            return
        energy, other, sales, all_sales = 0.0, 12.0 * network, 0.0, 0.0
        for month in range(12):
            energy += self.energy_cost_usd[month]
            other += self.capacity_cost_usd[month] - self.special_revenue_usd[month]
            sales += self.allowed_sales_mwh[month] * 1000.0
            all_sales += (self.allowed_sales_mwh[month] + self.special_sales_mwh[month]) * 1000.0
        if sales <= 0.0:
            return
        self.reference_energy_usd_per_kwh = energy / all_sales
        price, charge = two_part_price(energy / sales, other, par.fixed_charge_share, sales, 12.0)
        self.base_tariff_usd_per_kwh = price
        self.fixed_charge_usd_per_month = charge
        self.fuel_adjustment_usd_per_kwh = 0.0
        for month in range(12):
            self.reference_gap_usd[month] = reference_gap(self, month, network, par.fuel_pass_through_share)


@register_jitable
def reference_gap(operator: GridOperator, month: int, network_usd: float, pass_through: float) -> float:
    """What the base tariff leaves uncollected in a calendar month of its reference year, USD: seasons,
    which are nobody's news (Eq. M10).
    """
    allowed_kwh = operator.allowed_sales_mwh[month] * 1000.0
    all_kwh = allowed_kwh + operator.special_sales_mwh[month] * 1000.0
    adjustment = 0.0
    if all_kwh > 0.0:
        fuel = operator.energy_cost_usd[month] / all_kwh
        adjustment = pass_through * (fuel - operator.reference_energy_usd_per_kwh)
    return unrecovered_usd(
        operator.energy_cost_usd[month],
        operator.capacity_cost_usd[month] + network_usd - operator.special_revenue_usd[month],
        operator.base_tariff_usd_per_kwh + adjustment,
        allowed_kwh,
        operator.fixed_charge_usd_per_month,
    )
