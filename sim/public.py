"""The public side of a month: the regime's timeline in force, reversal, and what the government sees of
its targets.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.extending import register_jitable

from agents.government import share_gap
from sim.compiled import kernel
from sim.state import State

# A tenth of what consumers pay or use counts as the largest gap: no target for these shares is published
FULL_GAP = 0.1
# A rate that stands for the country's ordinary one
ORDINARY = -1.0


@kernel
def start_month(  # type: ignore[no-untyped-def]
    worlds, governments, lenders, t, month_of_year, days, government_draw, lender_draw
):
    """Publish the calendar of month ``t`` and the draws of government and lender."""
    worlds[0].month, worlds[0].month_of_year, worlds[0].days = t, month_of_year, days
    governments[0].draw, lenders[0].draw = government_draw, lender_draw


def apply_policy(state: State, timeline, t: int, reversal_draw: float) -> None:  # type: ignore[no-untyped-def]
    """Copy the month's instruments, apply what the government has changed, and let a reversal strike (Eq.
    M7).

    A reversal closes the offer for good; it also moves connected sites towards the industrial tariff unless
    contracts are grandfathered. Meters rise towards the share that the regime wants, at the pace of a
    roll-out, and stay.
    """
    _apply(state.policy, timeline, t, state.government, state.world, state.par, reversal_draw)


@kernel
def _apply(policies, timeline, t, governments, worlds, pars, reversal_draw):  # type: ignore[no-untyped-def]
    policies[0] = timeline[t]
    policy, government, world = policies[0], governments[0], worlds[0]
    policy.quota_mw *= government.quota_factor
    missing = max(0.0, policy.smart_meter_share - government.meter_share)
    government.meter_share += min(missing, 1.0 / pars[0].meter_rollout_months)
    policy.smart_meter_share = government.meter_share
    world.reversal_hazard_per_year = policy.reversal_hazard_per_year
    if policy.offer_open == 1 and reversal_draw < policy.reversal_hazard_per_year / 12.0:
        government.struck = 1
    if government.struck == 1:
        policy.offer_open = 0
        government.reversed = 1 - policy.grandfathered


def publish_offer(state: State) -> None:
    """Say whether the offer is in force; relief from import taxes goes with it when it is refused or
    reversed, and the country's ordinary rates hold again. A regime without an offer keeps its rates.
    """
    _publish(state.policy, state.government, state.lender, state.world, state.par)


@kernel
def _publish(policies, governments, lenders, worlds, pars):  # type: ignore[no-untyped-def]
    policy, world, par = policies[0], worlds[0], pars[0]
    world.offer_effective = policy.offer_open * (1 - lenders[0].refusing)
    made = policy.offer_open == 1 or governments[0].struck == 1
    if made and world.offer_effective == 0:
        if policy.hardware_duty_rate < par.hardware_duty_ordinary_rate:
            policy.hardware_duty_rate = ORDINARY
        if policy.hardware_sales_tax_rate < par.hardware_sales_tax_ordinary_rate:
            policy.hardware_sales_tax_rate = ORDINARY


class Seen(NamedTuple):
    """Outputs of the last month that the government looks at; names and units as in the registry."""

    arrears_change_usd: float
    consumer_bill_usd: float
    others_energy_mwh: float
    shed_mwh: float
    jobs_total: float
    tax_total_usd: float
    reserves_change_usd: float


@register_jitable
def observe_gaps(government: Any, par: Any, seen: Seen) -> None:
    """Show the government last month's outcomes as gaps to its targets, in [-1, 1]."""
    bill, energy = max(1.0, seen.consumer_bill_usd), max(1.0, seen.others_energy_mwh)
    government.gap_revenue = share_gap(seen.tax_total_usd, par.revenue_target_usd_per_month)
    government.gap_arrears = max(-1.0, min(1.0, seen.arrears_change_usd / bill / FULL_GAP))
    government.gap_shed = max(0.0, min(1.0, seen.shed_mwh / energy / FULL_GAP))
    government.gap_jobs = share_gap(seen.jobs_total, par.jobs_target)
    government.gap_reserves = max(-1.0, min(1.0, -(seen.reserves_change_usd / bill / FULL_GAP)))
