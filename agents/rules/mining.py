"""Mining: run or idle, contest size, free entry, response of the rest of the world (Eq. B1, B3-B5, M3)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf
from agents.rules.protocol import breakeven_usd_per_kwh

NEWTON_STEPS = 200
NEWTON_TOLERANCE = 1e-15


@register_jitable
def revenue_usd_per_kwh(hashprice_usd_per_ph_day: float, efficiency_j_per_th: float, pue: float) -> float:
    """Mining revenue per kWh at the meter, in USD. Eq. B1.

    Hashprice in USD per PH/s and day, efficiency in J/TH, PUE a factor >= 1. It is the breakeven power price.
    Source: unit arithmetic.
    """
    return breakeven_usd_per_kwh(hashprice_usd_per_ph_day, efficiency_j_per_th, pue)


@register_jitable
def runs(
    hashprice_usd_per_ph_day: float,
    efficiency_j_per_th: float,
    pue: float,
    power_usd_per_kwh: float,
    other_usd_per_kwh: float,
) -> bool:
    """Does a rig run this hour? Eq. M3.

    It runs if revenue per kWh is strictly above its marginal cost. Hashprice in USD per PH/s and day,
    efficiency in J/TH, PUE a factor >= 1, power price and what else stopping saves (a host's charge) in
    USD/kWh at the meter. Source: MODEL.md M3.
    """
    revenue = revenue_usd_per_kwh(hashprice_usd_per_ph_day, efficiency_j_per_th, pue)
    return revenue > power_usd_per_kwh + other_usd_per_kwh


@register_jitable
def hash_unit_cost(
    rate: float, depreciation: float, cost_decline: float, capital_usd: float, running_usd: float
) -> float:
    """Cost of a unit of hash rate per period, including the user cost of capital `(r + delta + a) K`. Eq. B3.

    Discount, depreciation and technical decline per period as fractions, capital in USD per unit, running
    cost in USD per unit and period. Source: zero profit, Budish 2018.
    """
    return running_usd + (rate + depreciation + cost_decline) * capital_usd


@register_jitable
def free_entry_hash(reward: float, unit_cost: float) -> float:
    """Hash rate at which entry earns nothing, `R/c`. Eq. B3.

    Reward in USD per period, cost of a hash unit in USD per period; nan if the cost is not positive. Source:
    zero profit, Budish 2018.
    """
    if unit_cost <= 0.0:
        return math.nan
    return reward / unit_cost


@register_jitable
def crowding_out_share(eta: float) -> float:
    """Part of a small home entry that displaces hash rate abroad, `eta/(1+eta)`. Eq. B4.

    Elasticity eta >= 0; 1 if it is infinite. Source: derived in MODEL.md.
    """
    if eta <= 0.0:
        return 0.0
    if eta == math.inf:
        return 1.0
    return eta / (1.0 + eta)


@register_jitable
def elastic_world_hash(home_hash: float, scale_k: float, reward: float, eta: float) -> float:
    """Total hash rate H with `H = H_d + K (R/H)^eta`. Eq. B4.

    Home hash H_d >= 0 and scale K in units of hash rate (K is the rest of the world at R/H = 1), reward R in
    USD per period, elasticity eta >= 0. With K or R not positive the rest of the world is empty; infinite eta
    pins R/H at 1. Source: derived in MODEL.md. The root lies between the larger of H_d and the hash rate
    without home miners, and their sum.
    """
    if scale_k <= 0.0:
        return home_hash
    if eta <= 0.0:
        return home_hash + scale_k
    if reward <= 0.0:
        return home_hash
    if eta == math.inf:
        return max(home_hash, reward)
    log_scale = math.log(scale_k)
    log_reward = math.log(reward)
    yielding = crowding_out_share(eta)
    alone = math.exp((1.0 - yielding) * log_scale + yielding * log_reward)
    low = max(alone, home_hash)
    high = alone + home_hash
    total = low
    for _ in range(NEWTON_STEPS):
        abroad = exp_or_inf(log_scale + eta * (log_reward - math.log(total)))
        gap = total - home_hash - abroad
        if gap < 0.0:
            low = total
        else:
            high = total
        following = total - gap / (1.0 + eta * abroad / total)
        if not low <= following <= high:  # also when an overflow made it nan
            following = 0.5 * (low + high)
        moved = abs(following - total)
        total = following
        if moved <= NEWTON_TOLERANCE * total:
            break
    return total


@register_jitable
def contest_best_response(reward: float, cost: float, others_hash: float) -> float:
    """Hash rate that maximises `R h/H - c h` against the others, or 0. Eq. B5.

    Reward in USD per period, cost in USD per hash unit and period, hash rate of all others. 0 if cost or the
    others' hash rate is not positive, where no best response exists. Source: Arnosti & Weinberg 2022.
    """
    if reward <= 0.0 or cost <= 0.0 or others_hash <= 0.0:
        return 0.0
    return max(0.0, math.sqrt(reward * others_hash / cost) - others_hash)


@register_jitable
def contest_share(own_hash: float, total_hash: float) -> float:
    """Share of the reward that a hash rate wins, `h/H`. Eq. B5.

    Own and total hash rate in one unit; 0 in an empty contest. Source: proof of work.
    """
    if total_hash <= 0.0:
        return 0.0
    return own_hash / total_hash


@register_jitable
def contest_hash(reward: float, active: int, cost_sum: float) -> float:
    """Total hash rate at the equilibrium of the contest, `R(n-1)/sum c`. Eq. B5.

    Reward in USD per period, number of active firms, sum of their costs in USD per hash unit and period (nan
    if not positive). Source: Arnosti & Weinberg 2022.
    """
    if cost_sum <= 0.0:
        return math.nan
    return reward * (active - 1) / cost_sum


@register_jitable
def contest_equilibrium_share(cost: float, active: int, cost_sum: float) -> float:
    """Equilibrium share of a firm, `1 - (n-1) c_i / sum c`, or 0 if it stays out. Eq. B5.

    Own cost and sum of the active firms' costs in USD per hash unit and period (nan if not positive), number
    of active firms. Source: Arnosti & Weinberg 2022.
    """
    if cost_sum <= 0.0:
        return math.nan
    return max(0.0, 1.0 - (active - 1) * cost / cost_sum)


@register_jitable
def contest_enters(cost: float, active: int, cost_sum: float) -> bool:
    """Is a firm active in the contest? Eq. B5: iff its cost is below `sum c/(n-1)`, itself counted in n.

    Own cost and sum of costs (own included) in USD per hash unit and period, number of firms. Source: Arnosti
    & Weinberg 2022.
    """
    return (active - 1) * cost < cost_sum


@register_jitable
def contest_profit(reward: float, share: float) -> float:
    """Equilibrium profit of a firm, `R s^2`. Eq. B5. Reward in USD per period, share a fraction.

    Source: Arnosti & Weinberg 2022.
    """
    return reward * share * share
