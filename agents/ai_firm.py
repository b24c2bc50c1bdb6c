"""AI firms: colocation, GPU cloud, sovereign or telecom, hyperscaler.

Each month a firm weighs a stage of its project at home against a site abroad, applies for power and chip
licences, builds,
buys GPUs, sells compute at home and abroad, buys backup power when the grid fails, and refreshes or retires.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.ai_accounts import (
    GRANTED,
    REFUSED,
    WAITING,
    earn,
    open_stage,
    pay_for_power,
    refresh,
    wait_for_chips,
)
from agents.ai_appraisal import COLOCATION, GPU_CLOUD, HYPERSCALER, SOVEREIGN, appraise, outside_return
from agents.base import SKILLS
from agents.firm import (
    Firm,
    hire,
    pay_wages,
    raise_capital,
    service_debt,
    settle_cash,
    sign_contract,
    wind_up,
)
from agents.policy import Policy
from agents.rules.queues import abandonment_probability
from agents.world import MONTHS_PER_YEAR, U_CONSIDER, U_DELAY, U_QUEUE, Parameters, World

__all__ = ["COLOCATION", "GPU_CLOUD", "GRANTED", "HYPERSCALER", "SOVEREIGN", "AiFirm"]


class AiFirm(Firm):
    """An AI firm or, before it applies, a numbered slot for one; MW of the site is facility MW, ``it_mw`` is
    IT load.
    """

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
    legacy_mw_it: float
    gpu_age_months: float
    contract_usd: float
    utilisation: float
    entered: int
    cancelled: int
    left: int
    blocked_by: int
    gpus_bought: float

    @register_jitable
    def plan(self, world: World, policy: Policy, par: Parameters) -> None:
        """Apply for power and chips for one more stage if its NPV over cost clears the hurdle and beats a
        site abroad (Eq. M2, M13).
        """
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
        if ratio <= max(self.hurdle, outside_return(self, world, par)):
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
                sign_contract(self, world, policy)
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
        """Set staff targets: operators ramp up over the first year of a site, builders follow
        construction.
        """
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
        """Draw firm power for the IT load times PUE; an AI hall draws most of its nameplate whatever the
        price.
        """
        drawn = self.it_mw * par.ai_load_factor * par.ai_pue * par.grid_availability
        for hour in range(24):
            self.load_mw[hour] = drawn if self.active == 1 else 0.0

    @register_jitable
    def settle(self, world: World, policy: Policy, par: Parameters) -> None:
        """Sell compute; pay power, backup, staff, operations, tax, interest and owners (rows of the flow
        matrix, B13).
        """
        if self.active == 0:
            return
        self.gpu_age_months += 1.0
        self.utilisation = world.utilisation
        paid = pay_for_power(self, world, policy, par)
        revenue = earn(self, world, par, paid)
        pay_wages(self, world)
        rate = (
            par.colocation_other_usd_per_mw_year
            if self.kind == COLOCATION
            else par.ai_other_usd_per_mw_it_year
        )
        other = max(0.0, self.it_mw * rate / MONTHS_PER_YEAR - self.wages_usd)
        self.other_usd += other
        self.cash_usd -= other
        service_debt(self, par.loan_rate_per_year, par.ai_loan_months)
        operating = revenue - paid - self.wages_usd - other
        capital = 0.0 if self.kind == COLOCATION else par.gpu_capex_usd_per_mw_it / par.gpu_life_months
        capital += par.ai_facility_capex_usd_per_mw_it / par.facility_life_months
        profit = operating - self.interest_usd - capital * self.it_mw
        holiday = max(policy.ai_holiday_months, policy.holiday_months)
        due = max(0.0, profit) * par.income_tax_rate
        if world.month - self.opened_month < holiday:
            self.foregone_usd = due
        else:
            self.income_tax_usd = due
            self.cash_usd -= due
        if self.it_mw > 0.0:
            self.loss_months = self.loss_months + 1.0 if operating - self.interest_usd < 0.0 else 0.0
        settle_cash(self, par.cash_buffer_months * (self.bill_usd + self.wages_usd), par.payout_share)

    @register_jitable
    def review_survival(self, world: World, policy: Policy, par: Parameters) -> None:
        """Cancel an application after too long a wait or a refused chip licence; close after lasting cash
        losses (Eq. B14).
        """
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
