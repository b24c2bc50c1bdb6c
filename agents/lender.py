"""The lender: an IMF-like programme that does not accept power sold below its cost standard."""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import Columns
from agents.policy import INCREMENTAL_PACKAGE, MARGINAL_COST_PLUS, STANDARD_INDUSTRIAL, Policy
from agents.world import Parameters, World


class Lender(Columns):
    """A programme lender: when it reviews, what it has refused."""

    agent_id: int
    draw: float
    refusing: int
    refusals: int
    standard_usd_per_kwh: float

    @register_jitable
    def review(self, world: World, policy: Policy, par: Parameters) -> None:
        """Refuse an offer below the cost standard: average cost for a tariff reserved to a sector, marginal
        cost for a rule
        open to all incremental use; a refusal stands until the next review (Eq. M7)."""
        if par.lender_active < 0.5 or policy.offer_open == 0:
            self.refusing = 0
            return
        if world.month % int(par.lender_review_months) != 0:
            return
        self.refusing = 0
        if policy.tariff_rule == STANDARD_INDUSTRIAL:
            return
        neutral = policy.tariff_rule == INCREMENTAL_PACKAGE or policy.tariff_rule == MARGINAL_COST_PLUS
        self.standard_usd_per_kwh = (
            world.marginal_cost_mean_usd_per_kwh if neutral else world.average_cost_usd_per_kwh
        )
        below = world.offer_tariff_mean_usd_per_kwh < self.standard_usd_per_kwh * (
            1.0 - par.lender_tolerance_share
        )
        if below and self.draw < par.lender_refusal_probability:
            self.refusing = 1
            self.refusals += 1
