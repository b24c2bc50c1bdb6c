"""Settlement of a month: collect the flows of all firms, run the power sector's accounts."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.extending import register_jitable

from agents.firm import FLOWS, in_business, licensed_tariff_usd_per_kwh, on_terms_of_offer
from agents.grid_operator import reference_gap
from agents.miner import LICENSED
from agents.policy import Policy
from agents.world import World
from sim.compiled import kernel
from sim.power import MonthOfPower
from sim.state import State

SMALLEST_TARIFF_USD_PER_KWH = 0.001
# Rows of sums of flows: all owners, or the part of foreign owners or the state
OWNERS = ("all", "foreign", "state")
ALL, FOREIGN, STATE = range(len(OWNERS))


@register_jitable
def add_up(firms, flows, foreign_share, state_share, sums):  # type: ignore[no-untyped-def]
    """Add flows of firms (see ``flow_records``) to ``sums`` (``OWNERS`` x ``FLOWS``); ``foreign_share`` is
    ownership by firm, the state owns a share of the firm in the first slot only.
    """
    for i in range(len(firms)):
        if not in_business(firms[i]):
            continue
        own, foreign = flows[i].flows, foreign_share[i]
        for j in range(len(FLOWS)):
            sums[ALL, j] += own[j]
        if foreign > 0.0:
            for j in range(len(FLOWS)):
                sums[FOREIGN, j] += foreign * own[j]
    for j in range(len(FLOWS)):
        sums[STATE, j] = state_share * flows[0].flows[j]


class PowerAccounts(NamedTuple):
    """The power sector's month in USD and MWh: costs, what others and new load paid, what was subsidised
    or left unpaid. ``marginal_usd_per_mwh`` is the mean marginal cost of new load at its meter.
    """

    energy_usd: float
    imported_fuel_usd: float
    capacity_usd: float
    network_usd: float
    interest_usd: float
    consumer_bill_usd: float
    collected_usd: float
    consumer_mwh: float
    special_revenue_usd: float
    special_mwh: float
    stolen_mwh: float
    marginal_usd_per_mwh: float
    special_gap_treasury_usd: float
    special_full_cost_usd: float
    lost_mwh: float
    excess_loss_mwh: float
    excess_loss_usd: float
    loss_support_usd: float
    subsidy_usd: float
    arrears_change_usd: float

    @property
    def stolen_cost_usd(self) -> float:
        """Marginal cost of what miners took past the meter."""
        return self.stolen_mwh * self.marginal_usd_per_mwh

    @property
    def special_gap_usd(self) -> float:
        """Marginal cost of the energy of new load that is billed, less what it pays."""
        return self.special_mwh * self.marginal_usd_per_mwh - self.special_revenue_usd

    @property
    def special_gap_others_usd(self) -> float:
        """Part of that gap which the treasury does not pay: it falls on other users' bills and arrears."""
        return self.special_gap_usd - self.special_gap_treasury_usd


class Treasury(NamedTuple):
    """What the treasury itself spends and borrows in a month, USD; ``delayed_usd`` is programme money that
    should have come this month (negative: it came after all).
    """

    inspections_usd: float
    metering_usd: float
    training_usd: float
    guarantee_usd: float
    compute_usd: float
    interest_usd: float
    delayed_usd: float
    seized_usd: float

    @property
    def cost_usd(self) -> float:
        """Spending on the programme: inspections, meters, training, guarantees, compute bought under the
        anchor demand, interest on bridge loans.
        """
        own = self.inspections_usd + self.metering_usd + self.training_usd
        return own + self.guarantee_usd + self.compute_usd + self.interest_usd


class PowerSales(NamedTuple):
    """Power that firms took in a month: billed energy and what they paid for it, energy stolen, and energy
    and payments on the terms of the offer (MWh, USD).
    """

    special_mwh: float
    special_revenue_usd: float
    stolen_mwh: float
    offer_mwh: float
    offer_revenue_usd: float


@register_jitable
def add_power(firms: Any) -> tuple[float, float, float]:
    """Add up firms' billed energy (MWh), what they paid for it (USD), and stolen energy (MWh)."""
    mwh, stolen_mwh, bill_usd, back_usd = 0.0, 0.0, 0.0, 0.0
    for i in range(len(firms)):
        mwh += firms[i].energy_mwh
        stolen_mwh += firms[i].stolen_mwh
        bill_usd += firms[i].bill_usd
        back_usd += firms[i].interruption_usd
    return mwh - stolen_mwh, bill_usd - back_usd, stolen_mwh


@register_jitable
def sold_on_terms(miners: Any, ai_firms: Any, world: World, policy: Policy) -> tuple[float, float]:
    """Energy sold on the terms of the offer and what was paid for it: MWh, USD. Halls that stood at the
    start have no part in it.
    """
    mwh, paid_usd = 0.0, 0.0
    for i in range(len(miners)):
        miner = miners[i]
        if miner.compliance == LICENSED and on_terms_of_offer(miner, world):
            mwh += miner.energy_mwh - miner.stolen_mwh
            paid_usd += miner.bill_usd - miner.interruption_usd
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        if firm.it_mw > 0.0 and on_terms_of_offer(firm, world):
            new = max(0.0, 1.0 - firm.legacy_mw_it / firm.it_mw) * world.days
            for hour in range(24):
                served = new * firm.load_mw[hour] * world.firm_served_share[hour]
                mwh += served
                paid_usd += served * 1000.0 * licensed_tariff_usd_per_kwh(firm, world, policy, hour)
    return mwh, paid_usd


@register_jitable
def count_sales(miners: Any, ai_firms: Any, world: World, policy: Policy) -> PowerSales:
    """Count the power that firms took."""
    mining, ai = add_power(miners), add_power(ai_firms)
    mwh, paid_usd = sold_on_terms(miners, ai_firms, world, policy)
    return PowerSales(mining[0] + ai[0], mining[1] + ai[1], mining[2] + ai[2], mwh, paid_usd)


@register_jitable
def bill_consumers(
    consumers: Any, operator: Any, world: Any, par: Any, days: float
) -> tuple[float, float, float]:
    """Bill every consumer class for what the grid delivered to it, and its fixed charge; returns (USD
    billed, MWh sold, MWh that reached the distributors for them).
    """
    surcharge = par.debt_surcharge_local_per_kwh / world.local_per_usd
    delivered = 1.0 - par.transmission_loss_share
    base = operator.base_tariff_usd_per_kwh - operator.subsidy_usd_per_kwh
    adjust = operator.fuel_adjustment_usd_per_kwh + operator.quarterly_adjustment_usd_per_kwh + surcharge
    billed, sold, received = 0.0, 0.0, 0.0
    for i in range(len(consumers)):
        group = consumers[i]
        group.tariff_usd_per_kwh = max(SMALLEST_TARIFF_USD_PER_KWH, base * group.tariff_ratio + adjust)
        taken = 0.0
        for hour in range(24):
            taken += group.load_mw[hour] * world.firm_served_share[hour]
        taken *= days * delivered
        group.energy_mwh = taken * (1.0 - operator.loss_share)
        charge = operator.fixed_charge_usd_per_month * group.base_share
        group.bill_usd = group.energy_mwh * 1000.0 * group.tariff_usd_per_kwh + charge
        billed += group.bill_usd
        sold += group.energy_mwh
        received += taken
    return billed, sold, received


@register_jitable
def allowed_delivery_share(par: Any) -> float:
    """Energy sold per unit generated if losses were what the regulator allows."""
    return (1.0 - par.transmission_loss_share) * (1.0 - par.allowed_loss_share)


def settle_power(
    state: State, t: int, power: MonthOfPower, capacity_usd: float, exchange_slide: float
) -> tuple[PowerSales, PowerAccounts]:
    """Count what firms took of power and run purchaser and distributors: costs in, bills and subsidy out;
    the gap is added to arrears owed to generators. ``exchange_slide`` is last month's exchange rate over this
    month's.
    """
    sales, accounts = _settle(
        state.miners, state.ai_firms, state.consumers, state.operator, state.world, state.policy, state.par,
        t % 12, power.days, power.energy_cost_usd, power.imported_fuel_usd, power.used_mwh,
        power.new_load_usd_per_mwh, capacity_usd, exchange_slide,
    )  # fmt: skip
    return PowerSales(*sales), PowerAccounts(*accounts)


@kernel
def _settle(  # type: ignore[no-untyped-def]
    miners, ai_firms, consumers, operators, worlds, policies, pars, now, days, energy_usd, imported_fuel_usd,
    used_mwh, new_load_usd_per_mwh, capacity_usd, exchange_slide,
):  # fmt: skip
    operator, par = operators[0], pars[0]
    sales = count_sales(miners, ai_firms, worlds[0], policies[0])
    billed, sold_mwh, received_mwh = bill_consumers(consumers, operator, worlds[0], par, days)
    # Arrears are local-currency debt: depreciation erodes their dollar value, which is no payment by anybody
    operator.arrears_usd *= exchange_slide
    arrears = operator.arrears_usd
    delivery = 1.0 - par.transmission_loss_share
    base = operator.base_tariff_usd_per_kwh
    marginal = new_load_usd_per_mwh / delivery
    excess_mwh = received_mwh * max(0.0, operator.loss_share - par.allowed_loss_share)
    excess_usd = excess_mwh * 1000.0 * base
    collected = billed * par.recovery_share
    support = par.loss_support_share * (excess_usd + billed * (1.0 - par.recovery_share))
    gap_usd = sales.special_mwh * marginal - sales.special_revenue_usd
    treasury = par.special_gap_treasury_share * max(0.0, gap_usd)
    network = operator.network_cost_usd_per_year / 12.0
    interest = arrears * par.debt_interest_per_year / 12.0
    subsidy = sold_mwh * 1000.0 * operator.subsidy_usd_per_kwh + treasury + support
    cost = energy_usd + capacity_usd + network + interest
    change = max(cost - collected - sales.special_revenue_usd - subsidy, -arrears)
    operator.arrears_usd += change
    accounts = PowerAccounts(
        energy_usd=energy_usd,
        imported_fuel_usd=imported_fuel_usd,
        capacity_usd=capacity_usd,
        network_usd=network,
        interest_usd=interest,
        consumer_bill_usd=billed,
        collected_usd=collected,
        consumer_mwh=sold_mwh,
        special_revenue_usd=sales.special_revenue_usd,
        special_mwh=sales.special_mwh,
        stolen_mwh=sales.stolen_mwh,
        marginal_usd_per_mwh=marginal,
        special_gap_treasury_usd=treasury,
        special_full_cost_usd=sales.special_mwh * 1000.0 * base,
        lost_mwh=received_mwh - sold_mwh,
        excess_loss_mwh=excess_mwh,
        excess_loss_usd=excess_usd,
        loss_support_usd=support,
        subsidy_usd=subsidy,
        arrears_change_usd=change,
    )
    ordinary_mwh = max(0.0, used_mwh - sales.special_mwh / delivery)
    keep_accounts(operator, now, accounts, ordinary_mwh * allowed_delivery_share(par))
    # Plain tuples: named ones are slow to hand back to Python
    return sales[:], accounts[:]


@kernel
def open_reference_gaps(operators, network_usd, pass_through):  # type: ignore[no-untyped-def]
    """Set what the first base tariff leaves uncollected in each month of its year."""
    operator = operators[0]
    for month in range(len(operator.reference_gap_usd)):
        operator.reference_gap_usd[month] = reference_gap(operator, month, network_usd, pass_through)


@register_jitable
def keep_accounts(operator: Any, now: int, accounts: PowerAccounts, allowed_mwh: float) -> None:
    """Write the month into the operator's twelve months; a subsidy for new load counts as its revenue."""
    operator.energy_cost_usd[now] = accounts.energy_usd
    operator.capacity_cost_usd[now] = accounts.capacity_usd
    operator.special_sales_mwh[now] = accounts.special_mwh
    operator.special_revenue_usd[now] = accounts.special_revenue_usd + accounts.special_gap_treasury_usd
    operator.allowed_sales_mwh[now] = allowed_mwh
