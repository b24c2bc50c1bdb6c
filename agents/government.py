"""The government: reviews the regime's instruments against its own weighted targets."""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import TINY, Columns
from agents.policy import STANDARD_INDUSTRIAL, Policy
from agents.rules.choice import logit_weight
from agents.world import Parameters, World

# Four levers, each of which can be moved and taken back
HOLD, RAISE_LEVY, CUT_TARIFF, CAP, CRACK_DOWN, LOWER_LEVY, RESTORE_TARIFF, WIDEN, STAND_DOWN = range(9)
LEVERS, OPTIONS = 4, 9


class Government(Columns):
    """Treasury, regulator and enforcement in one: its targets, what it sees of them, and what it has
    changed.
    """

    agent_id: int
    draw: float
    # What it sees, as gaps in [-1, 1]; positive is worse than wanted
    gap_revenue: float
    gap_arrears: float
    gap_shed: float
    gap_jobs: float
    gap_reserves: float
    # What it has changed
    choice: int
    levy_added_usd_per_kwh: float
    tariff_factor: float
    quota_factor: float
    inspection_factor: float
    # What it has built
    meter_share: float
    # Commitment
    struck: int
    reversed: int

    @register_jitable
    def review(self, world: World, policy: Policy, par: Parameters) -> None:
        """Every ``review_months`` pick one change from the menu by logit on weighted gaps; static regimes
        never review (Eq. M7).
        """
        self.choice = HOLD
        if policy.review_months < 1.0 or world.month == 0 or world.month % int(policy.review_months) != 0:
            return
        best = 0.0
        for option in range(OPTIONS):
            if available(self, world, policy, option):
                best = max(best, option_score(self, world, policy, par, option))
        beta = par.government_choice_intensity
        weights = 0.0
        for option in range(OPTIONS):
            if available(self, world, policy, option):
                weights += logit_weight(beta, option_score(self, world, policy, par, option), best)
        target = self.draw * weights
        for option in range(OPTIONS):
            if available(self, world, policy, option):
                target -= logit_weight(beta, option_score(self, world, policy, par, option), best)
                if target < 0.0:
                    self.choice = option
                    break
        apply_choice(self, world, par)


@register_jitable
def available(government: Government, world: World, policy: Policy, option: int) -> bool:
    """Whether an option exists now: an offer that is closed has no terms to change, nothing illegal needs
    no raid, and only what was moved can be taken back.
    """
    if option == CRACK_DOWN:
        return world.illegal_mw > 0.0
    if option == STAND_DOWN:
        return government.inspection_factor > 1.0
    if option == HOLD:
        return True
    if policy.offer_open == 0:
        return False
    if option == CUT_TARIFF:
        return policy.tariff_rule != STANDARD_INDUSTRIAL
    if option == LOWER_LEVY:
        return government.levy_added_usd_per_kwh > 0.0
    if option == RESTORE_TARIFF:
        return government.tariff_factor < 1.0
    if option == WIDEN:
        return government.quota_factor < 1.0
    return True


@register_jitable
def option_score(government: Government, world: World, policy: Policy, par: Parameters, option: int) -> float:
    """Score of a menu option from weighted gaps; holding scores zero, taking a change back scores minus
    the change.
    """
    if option == HOLD:
        return 0.0
    revenue = policy.weight_revenue * government.gap_revenue
    arrears = policy.weight_arrears * government.gap_arrears
    jobs = policy.weight_jobs * government.gap_jobs
    sign = 1.0
    if option > LEVERS:
        sign = -1.0
        option -= LEVERS
    if option == RAISE_LEVY:
        return sign * (revenue - jobs)
    if option == CUT_TARIFF:
        reserves = policy.weight_reserves * government.gap_reserves
        return sign * (jobs + reserves - revenue - arrears)
    if option == CAP:
        return sign * (policy.weight_shed * government.gap_shed + arrears - jobs)
    illegal = world.illegal_mw / (world.illegal_mw + par.illegal_load_concern_mw)
    inspections = policy.inspections_per_month * government.inspection_factor
    cost = inspections * par.inspection_cost_usd / par.revenue_target_usd_per_month
    return sign * (illegal * (policy.weight_revenue + policy.weight_arrears) - policy.weight_revenue * cost)


@register_jitable
def apply_choice(government: Government, world: World, par: Parameters) -> None:
    """Move the lever of the choice by one step, or one step back towards where the regime put it."""
    step = par.government_step_share
    levy = step * world.industrial_tariff_mean_usd_per_kwh
    choice = government.choice
    if choice == RAISE_LEVY:
        government.levy_added_usd_per_kwh += levy
    elif choice == LOWER_LEVY:
        government.levy_added_usd_per_kwh = max(0.0, government.levy_added_usd_per_kwh - levy)
    elif choice == CUT_TARIFF:
        government.tariff_factor *= 1.0 - step
    elif choice == RESTORE_TARIFF:
        government.tariff_factor = min(1.0, government.tariff_factor / (1.0 - step))
    elif choice == CAP:
        government.quota_factor *= 1.0 - step
    elif choice == WIDEN:
        government.quota_factor = min(1.0, government.quota_factor / (1.0 - step))
    elif choice == CRACK_DOWN:
        government.inspection_factor *= 1.0 + step
    elif choice == STAND_DOWN:
        government.inspection_factor = max(1.0, government.inspection_factor / (1.0 + step))


@register_jitable
def share_gap(value: float, wanted: float) -> float:
    """Shortfall of a value from what was wanted, in [-1, 1]."""
    scale = max(math.fabs(wanted), TINY)
    return max(-1.0, min(1.0, (wanted - value) / scale))
