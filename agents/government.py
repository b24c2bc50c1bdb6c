"""The government: reviews the regime's instruments against its own weighted targets."""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import Columns
from agents.policy import Policy
from agents.rules.choice import logit_weight
from agents.world import Parameters, World

HOLD, RAISE_LEVY, CUT_TARIFF, CAP, CRACK_DOWN = range(5)


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
    # Treasury
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
        revenue = policy.weight_revenue * self.gap_revenue
        arrears = policy.weight_arrears * self.gap_arrears
        shed = policy.weight_shed * self.gap_shed
        jobs = policy.weight_jobs * self.gap_jobs
        reserves = policy.weight_reserves * self.gap_reserves
        illegal = world.illegal_mw / (world.illegal_mw + par.illegal_load_concern_mw)
        raise_levy = revenue - jobs
        cut_tariff = jobs + reserves - revenue - arrears
        cap = shed + arrears - jobs
        crack_down = illegal * (policy.weight_revenue + policy.weight_arrears)
        best = max(max(max(0.0, raise_levy), max(cut_tariff, cap)), crack_down)
        beta = par.government_choice_intensity
        weights = 0.0
        for option in range(5):
            weights += logit_weight(beta, option_score(option, raise_levy, cut_tariff, cap, crack_down), best)
        target = self.draw * weights
        for option in range(5):
            target -= logit_weight(beta, option_score(option, raise_levy, cut_tariff, cap, crack_down), best)
            if target < 0.0:
                self.choice = option
                break
        step = par.government_step_share
        if self.choice == RAISE_LEVY:
            self.levy_added_usd_per_kwh += step * world.industrial_tariff_mean_usd_per_kwh
        elif self.choice == CUT_TARIFF:
            self.tariff_factor *= 1.0 - step
        elif self.choice == CAP:
            self.quota_factor *= 1.0 - step
        elif self.choice == CRACK_DOWN:
            self.inspection_factor *= 1.0 + step


@register_jitable
def option_score(option: int, raise_levy: float, cut_tariff: float, cap: float, crack_down: float) -> float:
    """Score of a menu option; holding scores zero."""
    if option == RAISE_LEVY:
        return raise_levy
    if option == CUT_TARIFF:
        return cut_tariff
    if option == CAP:
        return cap
    if option == CRACK_DOWN:
        return crack_down
    return 0.0


@register_jitable
def share_gap(value: float, wanted: float) -> float:
    """Shortfall of a value from what was wanted, in [-1, 1]."""
    scale = max(math.fabs(wanted), 1e-12)
    return max(-1.0, min(1.0, (wanted - value) / scale))
