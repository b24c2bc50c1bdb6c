"""Miner firms, at home and in the rest of the world: the same rules, other power prices.

Each month a miner forms expectations, plans (enter, order, sell), builds, runs or idles each hardware
generation hour by hour, settles its bills, may be inspected, and may leave. All decisions are in this file;
what hardware is worth is in ``miner_appraisal``.
"""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import FORECASTERS, GENERATIONS, ByGeneration, ByHour
from agents.firm import (
    Firm,
    hire,
    in_business,
    pay_wages,
    service_debt,
    set_staff_targets,
    settle_cash,
    wind_up,
)
from agents.machines import kw_per_ths
from agents.miner_accounts import (
    be_caught,
    keeping_cost_usd,
    pay_income_tax,
    pay_levies,
    pay_power,
    sell_rigs,
    sell_treasury,
)
from agents.miner_appraisal import (
    LICENSED,
    avoidable_usd_per_kwh,
    power_price_usd_per_kwh,
    running_share,
    site_capex_usd_per_mw,
    visibility,
)
from agents.miner_orders import bridge, take_delivery
from agents.miner_plans import (
    MOVING,
    UNHOUSED,
    enter,
    enter_abroad,
    expand_state_mining,
    imitate,
    reconsider,
    relocate,
    renew,
    resume,
    start_site,
)
from agents.policy import SURPLUS_HOURS, Policy
from agents.rules.compliance import load_signature, targeting_exponent, updated_hazard
from agents.rules.mining import runs
from agents.rules.season import paused
from agents.world import U_CONSIDER, U_DETECTION, U_FORECASTER, U_SWITCH, Parameters, World

HOUSEHOLD, FARM, FOREIGN, STATE, WORLD = range(5)


class Miner(Firm):
    """A mining firm or, before it enters, a numbered slot for one."""

    # Identity
    power_price_usd_per_kwh: float
    pue: float
    morale: float
    lawful: int
    can_bypass: int
    hosted: int
    follows_rivers: int
    fibre: int
    hold_share: float
    # State
    forecaster: int
    compliance: int
    perceived_hazard: float
    cutoff_months_left: float
    planned_generation: int
    fleet_ths: ByGeneration
    order_generation: int
    order_ths: float
    order_months_left: float
    order_used: int
    used_order_generation: int
    used_order_ths: float
    used_order_months_left: float
    displaced: int
    slowness: float
    sold_ths: ByGeneration
    seized_ths: ByGeneration
    coins_btc: float
    bid_usd_per_mw: float
    caught: int
    convictions: int
    entered: int
    # Peers: share of the illegal ones caught last month; status and payoff of a sampled one, meeting draw
    peer_caught_share: float
    peer_status: int
    peer_payoff_usd_per_mw: float
    peer_draw: float
    # Operation
    hash_ehs: ByHour
    mean_hash_ehs: float
    energised_mw: float
    payoff_usd_per_mw: float
    sold_btc: float
    mined_btc: float

    @register_jitable
    def expect(self, world: World, policy: Policy, par: Parameters) -> None:
        """Choose a forecaster: a share of firms reconsiders and picks by the performance shares (Eq. M1,
        B8).
        """
        if self.draws[U_SWITCH] >= 1.0 - par.forecast_inertia:
            return
        cumulative = 0.0
        for rule in range(FORECASTERS):
            cumulative += world.forecaster_share[rule]
            if self.draws[U_FORECASTER] < cumulative:
                self.forecaster = rule
                return

    @register_jitable
    def plan(self, world: World, policy: Policy, par: Parameters) -> None:
        """Enter, expand or renew: apply for power or order hardware if NPV over cost clears the firm's
        hurdle (Eq. M2).
        """
        if self.cutoff_months_left > 0.0:
            self.cutoff_months_left -= 1.0
            if self.cutoff_months_left <= 0.0 and self.active == 1 and self.convictions > 0:
                resume(self, world, policy, par)
            return
        if self.draws[U_CONSIDER] >= par.consider_probability_per_month:
            return
        if self.applied_mw > 0.0:
            reconsider(self, world, policy, par)
            return
        if self.displaced == UNHOUSED and self.building_mw <= 0.0:
            relocate(self, world, policy, par)
            return
        if self.used_order_ths > 0.0 or self.building_mw > 0.0:
            return
        if self.order_ths > 0.0:
            # The state's programme comes first here too
            if self.kind != STATE:
                bridge(self, world, policy, par)
            return
        if self.kind == STATE:
            # The programme comes first: an order for renewal would stand in its way
            if self.site_mw < policy.state_mining_mw:
                expand_state_mining(self, world, policy, par)
            if self.active == 1 and self.granted_mw <= 0.0:
                renew(self, world, policy, par)
        elif self.active == 1:
            imitate(self, world, policy, par)
            renew(self, world, policy, par)
        elif self.home == 0:
            enter_abroad(self, world, policy, par)
        else:
            enter(self, world, policy, par)

    @register_jitable
    def build(self, world: World, policy: Policy, par: Parameters) -> None:
        """Turn granted power into a site and ordered machines into a fleet, month by month; pay site work
        as it is done.
        """
        if self.granted_mw > 0.0:
            start_site(self, world, policy, par)
        if self.building_mw > 0.0:
            spend = (
                self.building_mw
                * site_capex_usd_per_mw(self, world, par, self.compliance)
                / self.build_months
            )
            self.site_usd += spend
            self.cash_usd -= spend
            self.build_months_left -= 1.0
            if self.build_months_left <= 0.0:
                self.site_mw += self.building_mw
                self.building_mw = 0.0
                if self.displaced == MOVING:
                    self.displaced = 0
        if self.order_ths > 0.0 or self.used_order_ths > 0.0:
            take_delivery(self, world, par)

    @register_jitable
    def recruit(self, world: World, policy: Policy, par: Parameters) -> None:
        """Set staff targets by MW run and MW under construction; the labour market fills vacancies
        afterwards.
        """
        operations = par.mining_jobs_per_mw * par.local_labour_factor * self.energised_mw
        builders = par.mining_construction_jobs_per_mw * par.local_labour_factor * self.building_mw
        age = world.month - self.opened_month - self.build_months
        set_staff_targets(self, world, par, operations, builders, world.mining_operations_skill_share, age)

    @register_jitable
    def hire(self, world: World, policy: Policy, par: Parameters) -> None:
        """Take on the staff that the labour market supplied."""
        hire(self, world)

    @register_jitable
    def run(self, world: World, policy: Policy, par: Parameters) -> None:
        """Run or idle each generation in each hour: on iff revenue per kWh exceeds what an idle hour saves,
        that hour's price of power and what a host charges by the kWh (Eq. B1, M3).
        """
        if not in_business(self):
            return
        for hour in range(24):
            self.load_mw[hour] = 0.0
            self.hash_ehs[hour] = 0.0
        self.mean_hash_ehs = 0.0
        self.energised_mw = 0.0
        if self.active == 0 or self.cutoff_months_left > 0.0:
            return
        surplus_only = (
            policy.allocation_rule == SURPLUS_HOURS and self.home == 1 and self.compliance == LICENSED
        )
        if self.home == 1 and self.compliance == LICENSED and pausing(world, policy):
            return
        hours = 24 if self.home == 1 else 1
        share = running_share(self, world, par)
        avoidable = avoidable_usd_per_kwh(self, world, par)
        for generation in range(GENERATIONS):
            fleet = self.fleet_ths[generation] * share
            if fleet <= 0.0:
                continue
            megawatt = fleet * kw_per_ths(world.rig_j_per_th[generation], self.pue) / 1000.0
            for hour in range(hours):
                if surplus_only and world.surplus_hour[hour] < 0.5:
                    continue
                price = power_price_usd_per_kwh(self, world, policy, par, self.compliance, hour)
                if runs(
                    world.hashprice_usd_per_ph_day * (1.0 - par.pool_fee_share),
                    world.rig_j_per_th[generation],
                    self.pue,
                    price,
                    avoidable,
                ):
                    self.load_mw[hour] += megawatt
                    self.hash_ehs[hour] += fleet / 1e6
        for hour in range(hours):
            self.mean_hash_ehs += self.hash_ehs[hour] / hours
            self.energised_mw += self.load_mw[hour] / hours

    @register_jitable
    def settle(self, world: World, policy: Policy, par: Parameters) -> None:
        """Sell coins, pay power, levy, licence, taxes, wages, interest and owners (rows of the flow
        matrix, B13).
        """
        if self.active == 0 and self.building_mw <= 0.0:
            return
        mined = 0.0
        if world.network_hash_ehs > 0.0:
            mined = (
                self.mean_hash_ehs
                / world.network_hash_ehs
                * world.coins_issued_btc
                * (1.0 - par.pool_fee_share)
            )
        self.mined_btc = mined
        hold_share = policy.reserve_share if self.kind == STATE else self.hold_share
        self.sold_btc = mined * (1.0 - hold_share)
        self.coins_btc += mined - self.sold_btc
        revenue = self.sold_btc * world.btc_price_usd
        self.sales_abroad_usd = revenue
        self.cash_usd += revenue
        operating = (
            revenue - pay_power(self, world, policy, par) - pay_levies(self, world, policy, par, revenue)
        )
        operating += mined * world.btc_price_usd - revenue
        other = keeping_cost_usd(self, world, par)
        pay_wages(self, world, par)
        wages = self.wages_usd + self.expat_wages_usd
        other = max(0.0, other - wages)
        self.other_usd += other
        self.cash_usd -= other
        operating -= wages + other
        service_debt(self, par.loan_rate_per_year, par.loan_months)
        pay_income_tax(self, world, policy, par, operating)
        self.payoff_usd_per_mw = operating / self.site_mw if self.site_mw > 0.0 else 0.0
        ordered_ths = self.order_ths + self.used_order_ths
        waiting = self.site_mw <= 0.0 or (ordered_ths > 0.0 and self.energised_mw <= 0.0)
        waiting = waiting or (self.compliance == LICENSED and pausing(world, policy))
        losing = operating < 0.0 or self.energised_mw <= 0.0
        self.loss_months = (
            self.loss_months + 1.0 if losing and not waiting and self.cutoff_months_left <= 0.0 else 0.0
        )
        # The state's reserve is kept by its rule: its owner, the treasury, covers what is missing
        if self.coins_btc > 0.0 and self.cash_usd < 0.0 and self.kind != STATE:
            sell_treasury(self, world, -self.cash_usd / world.btc_price_usd)
        payout = par.payout_share * (policy.repatriation_share if self.foreign == 1 else 1.0)
        settle_cash(self, par.cash_buffer_months * (self.bill_usd + self.wages_usd), payout)

    @register_jitable
    def face_inspection(self, world: World, policy: Policy, par: Parameters) -> None:
        """An illegal site is found with the detection rate times its signature: fine, seizure, cut-off;
        learn from it (Eq. M5, M6).
        """
        self.caught = 0
        if self.home == 0:
            return
        signal = self.peer_caught_share
        if self.active == 1 and self.compliance != LICENSED and self.energised_mw > 0.0:
            exponent = targeting_exponent(policy.targeting_rule, par.signature_exponent)
            signature = load_signature(self.energised_mw, exponent) * visibility(self, par, self.compliance)
            if self.draws[U_DETECTION] < min(1.0, world.detection_rate_per_signature * signature):
                be_caught(self, policy, par)
                signal = 1.0
        own_rate = world.detection_rate_per_signature
        self.perceived_hazard = updated_hazard(self.perceived_hazard, own_rate, par.hazard_memory, signal)

    @register_jitable
    def review_survival(self, world: World, policy: Policy, par: Parameters) -> None:
        """Leave after too many months of cash loss, selling the fleet first (Eq. M3).

        A firm that earns its running cost but not its interest, and owes more than it could fetch, goes to
        its creditors: the debt is written off and the machines run on.
        """
        self.left = 0
        if self.active == 0:
            return
        fetch = 0.0
        for generation in range(GENERATIONS):
            fetch += self.fleet_ths[generation] * world.rig_spot_usd_per_ths[generation]
        fetch *= par.resale_share
        banned = self.compliance == LICENSED and self.home == 1 and policy.mining_legal == 0
        if self.loss_months < par.exit_months * self.slowness and not banned:
            unable = self.payoff_usd_per_mw * self.site_mw < self.interest_usd
            if unable and self.debt_usd > fetch + self.cash_usd:
                self.written_off_usd += self.debt_usd
                self.debt_usd = 0.0
            return
        for generation in range(GENERATIONS):
            sell_rigs(self, world, par, generation, self.fleet_ths[generation])
        if self.coins_btc > 0.0:
            sell_treasury(self, world, self.coins_btc)
        self.sold_ths[self.order_generation] += self.order_ths
        self.sold_ths[self.used_order_generation] += self.used_order_ths
        self.order_ths = 0.0
        self.used_order_ths = 0.0
        wind_up(self)
        self.energised_mw = 0.0
        self.mean_hash_ehs = 0.0
        self.cutoff_months_left = par.reentry_months
        self.left = 1


@register_jitable
def pausing(world: World, policy: Policy) -> bool:
    """Whether the regime's yearly pause holds this month (Eq. M3)."""
    return paused(policy.pause_from_month, policy.pause_to_month, world.month_of_year)
