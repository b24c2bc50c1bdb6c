"""AI firms: colocation, GPU cloud, sovereign or telecom, hyperscaler.

A project goes through stages: a firm weighs a stage at home against sites abroad, applies for power and
chips, may take over an energised site from a miner, builds, orders and fits GPUs, fills the hall, runs,
renews or retires.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.ai_accounts import (
    GRANTED,
    REFUSED,
    WAITING,
    earn,
    order_gpus,
    pay_for_power,
    pay_profit_tax,
    wait_for_chips,
)
from agents.ai_appraisal import (
    AS_IT_IS,
    COLOCATION,
    GPU_CLOUD,
    HYPERSCALER,
    SOVEREIGN,
    appraise,
    fitting_months,
    mean_pue,
    site_mw_per_mw_it,
)
from agents.ai_fleet import (
    APPLIED,
    BUILDING,
    FITTING,
    NO_PROJECT,
    open_stage,
    renew,
    scrap_value_usd,
    start_building,
)
from agents.ai_siting import (
    ABROAD,
    CAPITAL,
    CHIPS,
    NOTHING,
    QUEUE,
    anchor_share,
    binding_constraint,
    home_probability,
    rush,
    site_bid_usd_per_mw,
)
from agents.base import GENERATIONS, ByGeneration
from agents.firm import (
    Firm,
    hire,
    pay_wages,
    service_debt,
    set_staff_targets,
    settle_cash,
    wind_up,
)
from agents.policy import Policy
from agents.rules.compute import pue_in_hour
from agents.rules.queues import abandonment_probability
from agents.world import MONTHS_PER_YEAR, U_CONSIDER, U_DELAY, U_QUEUE, U_SITE, Parameters, World

__all__ = ["COLOCATION", "GPU_CLOUD", "GRANTED", "HYPERSCALER", "SOVEREIGN", "AiFirm"]


class AiFirm(Firm):
    """An AI firm or, before it applies, a numbered slot for one; MW of the site is power at the meter in
    the worst hour, ``it_mw`` is IT load.
    """

    # Identity
    stage_mw_it: float
    tenant_credit: float
    anchor_limit: float
    price_decline_per_year: float
    # Project under way
    project: int
    chip_status: int
    chip_months_left: float
    planned_mw_it: float
    planned_anchor_share: float
    planned_generation: int
    facility_usd_per_mw_it: float
    site_bid_usd_per_mw: float
    converted: int
    # In operation
    it_mw: float
    legacy_mw_it: float
    gpu_mw_it: ByGeneration
    gpu_age_months: ByGeneration
    filling_mw_it: float
    anchored_mw_it: float
    anchored_usd_per_month: float
    utilisation: float
    # Events of the month
    entered: int
    cancelled: int
    blocked_by: int
    reliefs: int
    gpus_bought: float
    backup_usd: float

    @register_jitable
    def plan(self, world: World, policy: Policy, par: Parameters) -> None:
        """Apply for power and chips for one more stage if its NPV over cost clears the hurdle and home is
        chosen over sites abroad (Eq. M2, M8, M13).
        """
        self.entered = 0
        if self.project == APPLIED:
            wait_for_chips(self, world, par)
        if self.project != NO_PROJECT or self.draws[U_CONSIDER] >= par.ai_consider_probability_per_month:
            return
        stage = min(self.stage_mw_it, self.target_mw - self.it_mw)
        if stage < par.ai_smallest_stage_mw_it:
            return
        self.reliefs = 0
        anchored = 0.0
        ratio, cost, _ = appraise(self, world, policy, par, stage, 0.0, 0, AS_IT_IS)
        contracted = anchor_share(self, world, stage)
        if contracted > 0.0:
            with_tenant, its_cost, _ = appraise(self, world, policy, par, stage, contracted, 0, AS_IT_IS)
            if with_tenant > ratio:
                anchored, ratio, cost = contracted, with_tenant, its_cost
        needed = self.hurdle
        if ratio > 0.0:
            needed -= rush(self, world, policy, par, stage, anchored, ratio)
        if ratio <= needed:
            self.blocked_by, self.reliefs = binding_constraint(self, world, policy, par, stage, needed)
            return
        if self.draws[U_SITE] >= home_probability(self, world, par, ratio):
            self.blocked_by = ABROAD
            return
        stage = min(stage, max(0.0, self.cash_usd + self.funds_usd) / (1.0 - self.debt_share) / cost)
        if stage < par.ai_smallest_stage_mw_it:
            self.blocked_by = CAPITAL
            return
        self.blocked_by = NOTHING
        self.project = APPLIED
        self.planned_mw_it = stage
        self.planned_anchor_share = anchored
        self.applied_mw = stage * site_mw_per_mw_it(self.kind, par)
        self.applied_month = world.month
        self.converted = 0
        self.site_bid_usd_per_mw = site_bid_usd_per_mw(self, world, policy, par, stage, anchored, ratio)
        self.chip_status = WAITING
        self.chip_months_left = math.ceil(par.chip_licence_delay_months * (0.5 + self.draws[U_DELAY]))
        self.entered = 1

    @register_jitable
    def build(self, world: World, policy: Policy, par: Parameters) -> None:
        """Build a granted stage over its construction time, order GPUs, fit them and open; renew what is
        worn out.
        """
        self.gpus_bought = 0.0
        self.backup_usd = 0.0
        if self.granted_mw > 0.0:
            start_building(self, world, policy, par)
        if self.project == BUILDING:
            spend = self.planned_mw_it * self.facility_usd_per_mw_it / self.build_months
            spend *= min(1.0, self.build_months_left)
            self.site_usd += spend
            self.cash_usd -= spend
            self.build_months_left -= 1.0
            if self.build_months_left <= 0.0:
                self.project = FITTING
                order_gpus(self, world, policy, par)
                self.build_months_left = fitting_months(self, par)
        elif self.project == FITTING:
            self.build_months_left -= 1.0
        if self.project == FITTING and self.build_months_left <= 0.0:
            open_stage(self, world, par)
        renew(self, world, policy, par)

    @register_jitable
    def recruit(self, world: World, policy: Policy, par: Parameters) -> None:
        """Set staff targets: operators ramp up over the first year of a site, builders follow
        construction.
        """
        jobs = par.colocation_jobs_per_mw if self.kind == COLOCATION else par.ai_jobs_per_mw
        age = world.month - self.opened_month - self.build_months - fitting_months(self, par)
        ramp = min(1.0, max(0.0, age) / par.staff_ramp_months + par.staff_opening_share)
        running_mw = self.it_mw if self.kind == COLOCATION else self.it_mw * par.ai_pue
        operations = jobs * par.local_labour_factor * running_mw * ramp
        rising_mw = self.building_mw if self.project == BUILDING else 0.0
        builders = par.ai_construction_jobs_per_mw * par.local_labour_factor * rising_mw
        set_staff_targets(self, world, par, operations, builders, world.ai_operations_skill_share, age)

    @register_jitable
    def hire(self, world: World, policy: Policy, par: Parameters) -> None:
        """Take on the staff that the labour market supplied."""
        hire(self, world)

    @register_jitable
    def run(self, world: World, policy: Policy, par: Parameters) -> None:
        """Draw firm power for the IT load times PUE of the hour; an AI hall draws most of its nameplate
        whatever the price.
        """
        pue = mean_pue(self.kind, par)
        it_load = self.it_mw * par.ai_load_factor * par.grid_availability
        for hour in range(24):
            drawn = it_load * pue_in_hour(pue, world.pue_factor[hour])
            self.load_mw[hour] = drawn if self.active == 1 else 0.0

    @register_jitable
    def settle(self, world: World, policy: Policy, par: Parameters) -> None:
        """Sell compute; pay power, backup, staff, operations, tax, interest and owners (rows of the flow
        matrix, B13).
        """
        if self.active == 0:
            return
        for generation in range(GENERATIONS):
            if self.gpu_mw_it[generation] > 0.0:
                self.gpu_age_months[generation] += 1.0
        self.utilisation = world.utilisation
        paid = pay_for_power(self, world, policy, par)
        revenue = earn(self, world, par, paid)
        self.filling_mw_it *= 1.0 - 1.0 / par.ai_filling_months
        pay_wages(self, world, par)
        rate = (
            par.colocation_other_usd_per_mw_year
            if self.kind == COLOCATION
            else par.ai_other_usd_per_mw_it_year
        )
        wages = self.wages_usd + self.expat_wages_usd
        other = max(0.0, self.it_mw * rate / MONTHS_PER_YEAR - wages)
        self.other_usd += other
        self.cash_usd -= other
        service_debt(self, par.loan_rate_per_year, par.ai_loan_months)
        operating = revenue - paid - wages - other
        pay_profit_tax(self, world, policy, par, operating)
        if self.it_mw > 0.0:
            self.loss_months = self.loss_months + 1.0 if operating - self.interest_usd < 0.0 else 0.0
        settle_cash(self, par.cash_buffer_months * (self.bill_usd + wages), par.payout_share)

    @register_jitable
    def review_survival(self, world: World, policy: Policy, par: Parameters) -> None:
        """Cancel an application after too long a wait or a refused chip licence; close after lasting cash
        losses (Eq. B14).
        """
        self.cancelled = 0
        self.left = 0
        if self.project == APPLIED:
            bored = self.draws[U_QUEUE] < abandonment_probability(par.ai_queue_attrition_per_month)
            if bored or self.chip_status == REFUSED:
                self.blocked_by = CHIPS if self.chip_status == REFUSED else QUEUE
                self.applied_mw = 0.0
                self.project = NO_PROJECT
                self.cancelled = 1
        if self.active == 1 and self.loss_months >= par.ai_exit_months:
            resale = scrap_value_usd(self, world, par)
            self.resale_usd += resale
            self.cash_usd += resale
            self.it_mw = 0.0
            self.anchored_mw_it = 0.0
            self.anchored_usd_per_month = 0.0
            self.filling_mw_it = 0.0
            self.project = NO_PROJECT
            wind_up(self)
            self.left = 1
