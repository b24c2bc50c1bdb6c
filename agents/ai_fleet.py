"""How a stage rises, opens, is renewed and is scrapped (B13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.ai_accounts import buy_gpus, sign_with_tenant
from agents.ai_appraisal import (
    AS_IT_IS,
    COLOCATION,
    best_gpus,
    construction_months,
    facility_usd_per_mw_it,
    fitting_months,
    gpu_usd_per_mw_it,
)
from agents.ai_siting import anchor_share
from agents.base import GENERATIONS
from agents.firm import raise_capital, sign_contract
from agents.policy import Policy
from agents.world import U_DELAY, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

# What is left of a hall after its last GPUs are gone is rounding
SMALLEST_MW_IT = 1e-9

# Stages of the project that is under way
NO_PROJECT, APPLIED, BUILDING, FITTING = range(4)


@register_jitable
def start_building(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """Begin a granted stage: sign for power, set its construction time, finance the building."""
    if firm.active == 0:
        firm.active = 1
        firm.opened_month = world.month
        sign_contract(firm, world, policy)
    firm.project = BUILDING
    firm.building_mw = firm.granted_mw
    firm.granted_mw = 0.0
    luck = 1.0 + par.ai_build_spread * (2.0 * firm.draws[U_DELAY] - 1.0)
    firm.build_months = max(1.0, construction_months(policy, par, firm.converted) * luck)
    firm.build_months_left = firm.build_months
    firm.facility_usd_per_mw_it = facility_usd_per_mw_it(firm, world, par)
    raise_capital(firm, firm.planned_mw_it * firm.facility_usd_per_mw_it)


@register_jitable
def open_stage(firm: AiFirm, world: World, par: Parameters) -> None:
    """Finish a stage: its GPUs join the fleet, a tenant's contract starts, the merchant part fills up."""
    new = firm.planned_mw_it
    firm.site_mw += firm.building_mw
    firm.building_mw = 0.0
    firm.project = NO_PROJECT
    firm.it_mw += new
    if firm.kind != COLOCATION:
        add_gpus(firm, firm.planned_generation, new)
        sign_with_tenant(firm, par, firm.planned_anchor_share * new)
    firm.filling_mw_it += new * (1.0 - firm.planned_anchor_share)
    firm.planned_mw_it = 0.0


@register_jitable
def add_gpus(firm: AiFirm, generation: int, mw_it: float) -> None:
    """Put new GPUs next to older ones of their generation: the age is the mean."""
    held = firm.gpu_mw_it[generation]
    firm.gpu_age_months[generation] *= held / (held + mw_it)
    firm.gpu_mw_it[generation] = held + mw_it


@register_jitable
def renew(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """At the end of GPU life put the best new GPUs into the existing hall if they pay for themselves;
    otherwise retire the capacity.

    They are ordered so as to be fitted when the old ones retire: the decision counts the wait between
    payment and sales, while the books pay for them in the month in which they open.
    """
    for old in range(GENERATIONS):
        mw_it = firm.gpu_mw_it[old]
        if mw_it <= 0.0 or firm.gpu_age_months[old] < par.gpu_life_months:
            continue
        drop_capacity(firm, old)
        lag = fitting_months(firm, par)
        anchored = anchor_share(firm, world, mw_it) if firm.anchor_limit > 0.0 else 0.0
        value, new, price = best_gpus(firm, world, policy, par, 0.0, anchored, lag, AS_IT_IS)
        room = max(0.0, firm.cash_usd + firm.funds_usd) / (1.0 - firm.debt_share)
        if new >= 0 and value > price and price * mw_it <= room:
            buy_gpus(firm, world, policy, par, new, mw_it)
            add_gpus(firm, new, mw_it)
            firm.it_mw += mw_it
            sign_with_tenant(firm, par, anchored * mw_it)
        elif firm.it_mw <= 0.0:
            firm.it_mw = 0.0
            firm.loss_months = par.ai_exit_months


@register_jitable
def drop_capacity(firm: AiFirm, generation: int) -> None:
    """Take worn-out GPUs out of service; contracts end with them in proportion."""
    mw_it = firm.gpu_mw_it[generation]
    left = max(0.0, firm.it_mw - mw_it)
    share = left / firm.it_mw if firm.it_mw > 0.0 else 0.0
    firm.anchored_mw_it *= share
    firm.anchored_usd_per_month *= share
    firm.filling_mw_it *= share
    firm.it_mw = left if left > SMALLEST_MW_IT else 0.0
    firm.gpu_mw_it[generation] = 0.0
    firm.gpu_age_months[generation] = 0.0


@register_jitable
def scrap_value_usd(firm: AiFirm, world: World, par: Parameters) -> float:
    """What the fleet fetches abroad, USD: the residual share of today's price, falling to nothing with
    age.
    """
    value = 0.0
    for generation in range(GENERATIONS):
        if firm.gpu_mw_it[generation] > 0.0:
            left = max(0.0, 1.0 - firm.gpu_age_months[generation] / par.gpu_life_months)
            value += firm.gpu_mw_it[generation] * gpu_usd_per_mw_it(world, generation) * left
            firm.gpu_mw_it[generation] = 0.0
            firm.gpu_age_months[generation] = 0.0
    return value * par.gpu_residual_share
