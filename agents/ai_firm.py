"""AI firms: colocation, GPU cloud, sovereign or telecom, hyperscaler.

Each month a firm weighs a stage of its project at home against a site abroad, applies for power and chip licences, builds,
buys GPUs, sells compute at home and abroad, buys backup power when the grid fails, and refreshes or retires.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import SKILLS
from agents.firm import Firm, country_discount, hire, pay_wages, raise_capital, service_debt, settle_cash, wind_up
from agents.policy import Policy
from agents.rules.finance import pv_declining_margin
from agents.rules.queues import abandonment_probability
from agents.world import MONTHS_PER_YEAR, U_CONSIDER, U_DELAY, U_LICENCE, U_QUEUE, Parameters, World

COLOCATION, GPU_CLOUD, SOVEREIGN, HYPERSCALER = range(4)
WAITING, REFUSED, GRANTED = range(3)
HOURS_PER_YEAR = 8766.0


class AiFirm(Firm):
    """An AI firm or, before it applies, a numbered slot for one; MW of the site is facility MW, ``it_mw`` is IT load."""

    # Identity
    stage_mw_it: float
    tenant_credit: float
    anchor_share: float
    price_decline_per_year: float
    # State
    chip_status: int
    chip_months_left: float
    planned_mw_it: float
    it_mw: float
    gpu_age_months: float
    utilisation: float
    entered: int
    cancelled: int
    left: int
    blocked_by: int
    gpus_bought: float


    @register_jitable
    def plan(self, world: World, policy: Policy, par: Parameters) -> None:
        """Apply for power and chips for one more stage if its NPV over cost clears the hurdle and beats a site abroad (Eq. M2, M13)."""
        self.entered = 0
        if self.applied_mw > 0.0:
            wait_for_chips(self, world, par)
            return
        if self.building_mw > 0.0 or self.draws[U_CONSIDER] >= par.ai_consider_probability_per_month:
            return
        stage = min(self.stage_mw_it, self.target_mw - self.it_mw)
        if stage < par.ai_smallest_stage_mw_it:
            return
        ratio, cost = appraise(self, world, policy, par, stage)
        if ratio <= max(self.hurdle, outside_return(self, par, world)):
            self.blocked_by = 1
            return
        affordable = max(0.0, self.cash_usd + self.funds_usd) / (1.0 - self.debt_share) / cost
        stage = min(stage, affordable)
        if stage < par.ai_smallest_stage_mw_it:
            self.blocked_by = 2
            return
        self.planned_mw_it = stage
        self.applied_mw = stage * par.ai_pue
        self.applied_month = world.month
        self.chip_status = WAITING
        delay = par.chip_licence_delay_months
        self.chip_months_left = math.ceil(delay * (0.5 + self.draws[U_DELAY]))
        self.entered = 1

    @register_jitable
    def build(self, world: World, policy: Policy, par: Parameters) -> None:
        """Build a granted stage over its construction time, then install the GPUs and open."""
        self.gpus_bought = 0.0
        if self.granted_mw > 0.0:
            if self.active == 0:
                self.active = 1
                self.opened_month = world.month
            self.building_mw = self.granted_mw
            self.granted_mw = 0.0
            self.build_months = max(1.0, par.ai_build_months * (0.7 + 0.6 * self.draws[U_DELAY]))
            self.build_months_left = self.build_months
            raise_capital(self, self.planned_mw_it * par.ai_facility_capex_usd_per_mw_it)
        if self.building_mw > 0.0:
            spend = self.planned_mw_it * par.ai_facility_capex_usd_per_mw_it / self.build_months
            spend *= min(1.0, self.build_months_left)
            self.site_usd += spend
            self.cash_usd -= spend
            self.build_months_left -= 1.0
            if self.build_months_left <= 0.0:
                open_stage(self, world, policy, par)
        elif self.it_mw > 0.0 and self.gpu_age_months >= par.gpu_life_months:
            refresh(self, world, policy, par)

    @register_jitable
    def recruit(self, world: World, policy: Policy, par: Parameters) -> None:
        """Set staff targets: operators ramp up over the first year of a site, builders follow construction."""
        jobs = par.colocation_jobs_per_mw if self.kind == COLOCATION else par.ai_jobs_per_mw
        age = world.month - self.opened_month - self.build_months
        ramp = min(1.0, max(0.0, age) / par.staff_ramp_months + 0.25)
        operations = jobs * par.local_labour_factor * self.site_mw * ramp
        builders = par.ai_construction_jobs_per_mw * par.local_labour_factor * self.building_mw
        for skill in range(SKILLS):
            self.staff_target[skill] = operations * world.ai_operations_skill_share[skill]
            self.builders_target[skill] = builders * world.construction_skill_share[skill]

    @register_jitable
    def hire(self, world: World, policy: Policy, par: Parameters) -> None:
        """Take on the staff that the labour market supplied."""
        hire(self, world)

    @register_jitable
    def run(self, world: World, policy: Policy, par: Parameters) -> None:
        """Draw firm power for the IT load times PUE; an AI hall draws most of its nameplate whatever the price."""
        for hour in range(24):
            self.load_mw[hour] = self.it_mw * par.ai_load_factor * par.ai_pue if self.active == 1 else 0.0

    @register_jitable
    def settle(self, world: World, policy: Policy, par: Parameters) -> None:
        """Sell compute; pay power, backup, staff, operations, tax, interest and owners (rows of the flow matrix, B13)."""
        if self.active == 0:
            return
        self.gpu_age_months += 1.0
        revenue = self.it_mw * monthly_revenue_usd_per_mw_it(self, world, par, world.utilisation)
        home = revenue * world.domestic_sales_share
        self.utilisation = world.utilisation
        self.sales_home_usd = home
        self.sales_abroad_usd = revenue - home
        self.cash_usd += revenue
        paid = pay_for_power(self, world, policy, par)
        pay_wages(self, world)
        other = max(0.0, self.it_mw * par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR - self.wages_usd)
        self.other_usd += other
        self.cash_usd -= other
        service_debt(self, par.loan_rate_per_year, par.ai_loan_months)
        operating = revenue - paid - self.wages_usd - other
        capital = par.gpu_capex_usd_per_mw_it / par.gpu_life_months
        capital += par.ai_facility_capex_usd_per_mw_it / par.facility_life_months
        profit = operating - self.interest_usd - capital * self.it_mw
        holiday = max(policy.ai_holiday_months, policy.holiday_months)
        if profit > 0.0 and world.month - self.opened_month >= holiday:
            self.income_tax_usd = profit * par.income_tax_rate
            self.cash_usd -= self.income_tax_usd
        if self.it_mw > 0.0:
            self.loss_months = self.loss_months + 1.0 if operating - self.interest_usd < 0.0 else 0.0
        settle_cash(self, par.cash_buffer_months * (self.bill_usd + self.wages_usd), par.payout_share)

    @register_jitable
    def review_survival(self, world: World, policy: Policy, par: Parameters) -> None:
        """Cancel an application after too long a wait or a refused chip licence; close after lasting cash losses (Eq. B14)."""
        self.cancelled = 0
        self.left = 0
        if self.applied_mw > 0.0:
            bored = self.draws[U_QUEUE] < abandonment_probability(par.ai_queue_attrition_per_month)
            if bored or self.chip_status == REFUSED:
                self.blocked_by = 4 if self.chip_status == REFUSED else 3
                self.applied_mw = 0.0
                self.cancelled = 1
        if self.active == 1 and self.loss_months >= par.ai_exit_months:
            resale = self.it_mw * par.gpu_capex_usd_per_mw_it * par.gpu_residual_share
            resale *= max(0.0, 1.0 - self.gpu_age_months / par.gpu_life_months)
            self.resale_usd += resale
            self.cash_usd += resale
            self.it_mw = 0.0
            wind_up(self)
            self.left = 1


@register_jitable
def monthly_revenue_usd_per_mw_it(firm: AiFirm, world: World, par: Parameters, utilisation: float) -> float:
    """Revenue of one MW of IT in a month: a lease for colocation and hyperscale shells, GPU hours sold otherwise (Eq. M13)."""
    if firm.kind == COLOCATION:
        return par.colocation_lease_usd_per_mw_year / MONTHS_PER_YEAR * utilisation * firm.tenant_credit
    price = (
        world.domestic_sales_share * world.domestic_price_usd_per_hour
        + (1.0 - world.domestic_sales_share) * world.export_price_usd_per_hour
    )
    utilisation = firm.anchor_share * par.anchor_utilisation + (1.0 - firm.anchor_share) * utilisation
    gpus = 1000.0 / par.gpu_kw_it
    vintage = math.exp(-math.log1p(par.gpu_progress_per_year) * firm.gpu_age_months / MONTHS_PER_YEAR)
    hours = HOURS_PER_YEAR / MONTHS_PER_YEAR
    generation_gain = math.exp(math.log1p(par.gpu_progress_per_year) * world.month / MONTHS_PER_YEAR)
    return gpus * hours * utilisation * price * vintage * generation_gain


@register_jitable
def hall_capex_usd_per_mw_it(firm: AiFirm, policy: Policy, par: Parameters) -> float:
    """GPU capital per MW of IT with duty; a colocation firm owns no GPUs."""
    if firm.kind == COLOCATION:
        return 0.0
    return par.gpu_capex_usd_per_mw_it * (1.0 + policy.hardware_duty_rate + policy.hardware_sales_tax_rate)


@register_jitable
def power_cost_usd_per_mw_it_month(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> float:
    """Expected power cost of one MW of IT in a month: grid at the price open to it, gensets for the hours the grid fails."""
    price = ai_tariff_usd_per_kwh(world, policy, par)
    failing = 1.0 - par.grid_availability * world.firm_served_mean
    mwh = HOURS_PER_YEAR / MONTHS_PER_YEAR * par.ai_load_factor * par.ai_pue
    return mwh * 1000.0 * ((1.0 - failing) * price + failing * par.backup_power_usd_per_kwh)


@register_jitable
def ai_tariff_usd_per_kwh(world: World, policy: Policy, par: Parameters) -> float:
    """Average price of a kWh for AI: the offer if it is open to AI, the ordinary industrial bill otherwise."""
    if world.offer_effective == 1:
        return world.offer_tariff_mean_usd_per_kwh * (1.0 + policy.power_sales_tax_rate)
    return world.industrial_tariff_mean_usd_per_kwh * (1.0 + policy.power_sales_tax_rate)


@register_jitable
def appraise(firm: AiFirm, world: World, policy: Policy, par: Parameters, stage_mw_it: float) -> tuple[float, float]:
    """NPV over cost of a stage at home, after tax, and its cost in USD per MW of IT (Eq. M2)."""
    utilisation = expected_utilisation(firm, world, par, stage_mw_it)
    revenue = expected_revenue_usd_per_mw_it(firm, world, par, utilisation, stage_mw_it)
    cost = power_cost_usd_per_mw_it_month(firm, world, policy, par)
    cost += par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR
    lag = par.ai_build_months * (1.0 - par.ai_brownfield_share * policy.ai_priority)
    rate = country_discount(firm, world, policy)
    tax_share = max(0.0, 1.0 - max(policy.ai_holiday_months, policy.holiday_months) / par.gpu_life_months)
    return net_value(firm, policy, par, revenue, cost, rate, lag, par.income_tax_rate * tax_share)


@register_jitable
def outside_return(firm: AiFirm, par: Parameters, world: World) -> float:
    """NPV over cost of the same hall abroad for firms free to choose; home-bound firms have no outside option (Eq. M13)."""
    if firm.foreign == 0:
        return -1.0
    gpus = 1000.0 / par.gpu_kw_it
    hours = HOURS_PER_YEAR / MONTHS_PER_YEAR
    gain = math.exp(math.log1p(par.gpu_progress_per_year) * world.month / MONTHS_PER_YEAR)
    revenue = gpus * hours * par.anchor_utilisation * world.gpu_price_usd_per_hour * gain
    cost = hours * par.ai_load_factor * par.world_ai_pue * 1000.0 * par.world_ai_power_usd_per_kwh
    cost += par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR
    decline = math.log1p(firm.price_decline_per_year) / MONTHS_PER_YEAR
    discount = math.log1p(par.world_ai_wacc_per_year) / MONTHS_PER_YEAR
    capital = par.gpu_capex_usd_per_mw_it + par.world_facility_capex_usd_per_mw_it
    value = pv_declining_margin(revenue, cost, decline, discount, par.world_ai_build_months, par.gpu_life_months)
    value += residual_value(par, discount, par.world_facility_capex_usd_per_mw_it)
    npv = value - capital
    return (npv * (1.0 - par.world_income_tax_rate) if npv > 0.0 else npv) / capital


@register_jitable
def residual_value(par: Parameters, discount_per_month: float, facility_usd: float) -> float:
    """Present value of what is left when the GPUs retire: the facility's unused life and the GPUs' resale."""
    left = max(0.0, 1.0 - par.gpu_life_months / par.facility_life_months)
    return left * facility_usd * math.exp(-discount_per_month * par.gpu_life_months)


@register_jitable
def net_value(
    firm: AiFirm, policy: Policy, par: Parameters, revenue: float, cost: float, rate: float, lag: float, tax: float
) -> tuple[float, float]:
    """NPV over cost and cost per MW of IT; revenue and cost in USD per MW of IT and month, lag in months (Eq. M2)."""
    discount = math.log1p(rate) / MONTHS_PER_YEAR
    decline = 0.0
    if firm.kind != COLOCATION:
        decline = math.log1p(firm.price_decline_per_year) / MONTHS_PER_YEAR
    value = pv_declining_margin(revenue, cost, decline, discount, lag, par.gpu_life_months)
    value += residual_value(par, discount, par.ai_facility_capex_usd_per_mw_it)
    capital = par.ai_facility_capex_usd_per_mw_it
    capital += hall_capex_usd_per_mw_it(firm, policy, par) * math.exp(-discount * lag)
    npv = value - capital
    spent = par.ai_facility_capex_usd_per_mw_it + hall_capex_usd_per_mw_it(firm, policy, par)
    return (npv * (1.0 - tax) if npv > 0.0 else npv) / capital, spent


@register_jitable
def expected_utilisation(firm: AiFirm, world: World, par: Parameters, stage_mw_it: float) -> float:
    """Utilisation that demand not yet served would give a new stage: full while there is room, less beyond it."""
    room = world.domestic_room_mw_it + world.export_room_mw_it
    return par.billed_utilisation * min(1.0, room / stage_mw_it)


@register_jitable
def expected_revenue_usd_per_mw_it(
    firm: AiFirm, world: World, par: Parameters, utilisation: float, stage_mw_it: float
) -> float:
    """Monthly revenue of a new MW of IT at today's prices: the home market first, the rest exported at its discount."""
    if firm.kind == COLOCATION:
        return par.colocation_lease_usd_per_mw_year / MONTHS_PER_YEAR * utilisation * firm.tenant_credit
    home = min(1.0, max(world.domestic_room_mw_it, firm.anchor_share * stage_mw_it) / stage_mw_it)
    price = home * world.domestic_price_usd_per_hour + (1.0 - home) * world.export_price_usd_per_hour
    use = firm.anchor_share * par.anchor_utilisation + (1.0 - firm.anchor_share) * utilisation
    gain = math.exp(math.log1p(par.gpu_progress_per_year) * world.month / MONTHS_PER_YEAR)
    return 1000.0 / par.gpu_kw_it * HOURS_PER_YEAR / MONTHS_PER_YEAR * use * price * gain


@register_jitable
def wait_for_chips(firm: AiFirm, world: World, par: Parameters) -> None:
    """Await the export licence: decided once after its delay, and bounded by the country's yearly cap."""
    if firm.kind == COLOCATION:
        firm.chip_status = GRANTED
    if firm.chip_status != WAITING:
        return
    firm.chip_months_left -= 1.0
    if firm.chip_months_left > 0.0:
        return
    needed = firm.planned_mw_it * 1000.0 / par.gpu_kw_it
    if firm.draws[U_LICENCE] >= par.chip_licence_success:
        firm.chip_status = REFUSED
    elif needed <= world.chips_left_gpus:
        firm.chip_status = GRANTED


@register_jitable
def open_stage(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """Finish a stage: pay for its GPUs, add facility and IT MW."""
    firm.site_mw += firm.building_mw
    firm.building_mw = 0.0
    buy_gpus(firm, policy, par, firm.planned_mw_it)
    share = firm.planned_mw_it / (firm.it_mw + firm.planned_mw_it)
    firm.gpu_age_months *= 1.0 - share
    firm.it_mw += firm.planned_mw_it
    firm.planned_mw_it = 0.0


@register_jitable
def refresh(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """At the end of GPU life renew the hall if new GPUs pay for themselves in the existing facility; otherwise retire it."""
    ratio, cost = appraise(firm, world, policy, par, firm.it_mw)
    room = max(0.0, firm.cash_usd + firm.funds_usd) / (1.0 - firm.debt_share)
    affordable = hall_capex_usd_per_mw_it(firm, policy, par) * firm.it_mw <= room
    if ratio > 0.0 and affordable:
        buy_gpus(firm, policy, par, firm.it_mw)
        firm.gpu_age_months = 0.0
    else:
        firm.it_mw = 0.0
        firm.loss_months = par.ai_exit_months


@register_jitable
def buy_gpus(firm: AiFirm, policy: Policy, par: Parameters, mw_it: float) -> None:
    """Pay for GPUs: price abroad to the maker, duty and sales tax to the treasury."""
    if firm.kind == COLOCATION:
        return
    price = mw_it * par.gpu_capex_usd_per_mw_it
    duty = price * policy.hardware_duty_rate
    tax = price * policy.hardware_sales_tax_rate
    raise_capital(firm, price + duty + tax)
    firm.hardware_usd += price
    firm.duty_usd += duty
    firm.hardware_tax_usd += tax
    firm.cash_usd -= price + duty + tax
    firm.gpus_bought = mw_it * 1000.0 / par.gpu_kw_it


@register_jitable
def pay_for_power(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> float:
    """Pay the grid for what it served and fuel for the rest; returns USD paid."""
    bill, energy, backup = 0.0, 0.0, 0.0
    for hour in range(24):
        wanted = firm.load_mw[hour] * world.days
        served = wanted * world.firm_served_share[hour] * par.grid_availability
        tariff = world.industrial_tariff_usd_per_kwh[hour]
        if world.offer_effective == 1:
            tariff = world.offer_tariff_usd_per_kwh[hour]
        bill += served * 1000.0 * tariff
        energy += served
        backup += (wanted - served) * 1000.0 * par.backup_power_usd_per_kwh
    tax = bill * policy.power_sales_tax_rate
    firm.bill_usd = bill
    firm.power_tax_usd = tax
    firm.energy_mwh = energy
    firm.other_usd += backup
    firm.cash_usd -= bill + tax + backup
    return bill + tax + backup
