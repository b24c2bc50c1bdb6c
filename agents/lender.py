"""The lender: an IMF-like programme that does not accept power sold below its cost standard."""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import Columns
from agents.policy import INCREMENTAL_PACKAGE, MARGINAL_COST_PLUS, STANDARD_INDUSTRIAL, Policy
from agents.world import Parameters, World


class Lender(Columns):
    """A programme lender: when it reviews, what it has refused, and which money it holds back."""

    agent_id: int
    draw: float
    refusing: int
    refusals: int
    standard_usd_per_kwh: float
    withheld_usd: float

    @register_jitable
    def review(self, world: World, policy: Policy, par: Parameters) -> None:
        """Refuse an offer below the cost standard or a subsidy above the cap; hold back a disbursement for
        the latter. What was decided stands until the next review (Eq. M7).
        """
        if par.lender_active < 0.5:
            self.refusing = 0
            self.withheld_usd = 0.0
            return
        if policy.offer_open == 0:
            self.refusing = 0
        if world.month % int(par.lender_review_months) != 0:
            return
        self.standard_usd_per_kwh = cost_standard_usd_per_kwh(world, policy)
        floor = self.standard_usd_per_kwh * (1.0 - par.lender_tolerance_share)
        cheap = policy.offer_open == 1 and world.offer_tariff_mean_usd_per_kwh < floor
        dear = world.offer_subsidy_gdp_share > par.lender_subsidy_cap_gdp_share
        objects = self.draw < par.lender_refusal_probability
        self.withheld_usd = par.lender_tranche_usd if dear and objects else 0.0
        self.refusing = 1 if policy.offer_open == 1 and (cheap or dear) and objects else 0
        self.refusals += self.refusing


@register_jitable
def cost_standard_usd_per_kwh(world: World, policy: Policy) -> float:
    """What an offer must cover: nothing more for the ordinary tariff, marginal cost for a rule open to all
    incremental use, average cost, which holds that of capacity, for a price reserved to a sector.
    """
    if policy.tariff_rule == STANDARD_INDUSTRIAL:
        return 0.0
    if policy.tariff_rule == INCREMENTAL_PACKAGE or policy.tariff_rule == MARGINAL_COST_PLUS:
        return world.marginal_cost_mean_usd_per_kwh
    return world.average_cost_usd_per_kwh
