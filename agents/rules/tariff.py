"""Tariffs: cost pass-through, the loop of price and sales, the effect of new load (Eq. B11, B12, M10)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf

LARGEST_LOSS_SHARE = 0.9  # a distributor that bills less than a tenth is not described by an elasticity


@register_jitable
def others_bill_change(d_q: float, q: float, tau: float, c: float) -> float:
    """Change of the average tariff of other users when a new load joins, `-(tau - c) dQ/Q`. Eq. B11.

    New load d_q and present sales q in one energy unit, tariff tau paid by the new load and its marginal cost
    c in one price unit, c including capacity that must be added. Negative: others pay less. nan if q <= 0.
    Source: derived in MODEL.md.
    """
    if q <= 0.0:
        return math.nan
    return -(tau - c) * d_q / q


@register_jitable
def loop_multiplier(elasticity: float, fixed_share: float) -> float:
    """How far the tariff loop amplifies a change of price, `1/(1 - eps s_F)`. Eq. B12.

    Demand elasticity eps as a positive number, share of fixed cost in revenue; infinite at eps s_F >= 1,
    where the loop runs away. Source: derived in MODEL.md.
    """
    damping = 1.0 - elasticity * fixed_share
    if damping <= 0.0:
        return math.inf
    return 1.0 / damping


@register_jitable
def others_bill_change_with_feedback(
    d_q: float, q: float, tau: float, c: float, elasticity: float, fixed_share: float
) -> float:
    """Change of the average tariff of other users after their demand has responded. Eq. B11.

    Arguments as in `others_bill_change` and `loop_multiplier`. No change stays none even where the loop runs
    away. Source: derived in MODEL.md.
    """
    direct = others_bill_change(d_q, q, tau, c)
    if direct == 0.0:
        return 0.0
    return direct * loop_multiplier(elasticity, fixed_share)


@register_jitable
def pass_through_price(c: float, fixed_cost: float, demand: float) -> float:
    """Average-cost tariff `c + F/D`. Eq. B12, M10.

    Variable cost c per unit of energy, fixed cost (arrears recovery included) per period, demand in energy
    per period. Infinite without demand, since nobody is left to pay. Source: arXiv 1803.07643.
    """
    if demand <= 0.0:
        return math.inf
    return c + fixed_cost / demand


@register_jitable
def demand_linear(a: float, b: float, p: float) -> float:
    """Linear demand `a - bp`, not below 0. Eq. B12.

    Choke quantity a, slope b in quantity per unit of price, price p. Source: MODEL.md B12.
    """
    return max(0.0, a - b * p)


@register_jitable
def demand_isoelastic(q0: float, p0: float, p: float, elasticity: float) -> float:
    """Demand of constant elasticity, `q0 (p/p0)^-eps`. Eq. B12, M10.

    Reference quantity and price, price p in the unit of p0, elasticity eps as a positive number. nan if a
    price is not positive. Source: MODEL.md B12.
    """
    if p0 <= 0.0 or p <= 0.0:
        return math.nan
    if p == math.inf:
        return q0 if elasticity == 0.0 else 0.0
    return q0 * exp_or_inf(-elasticity * (math.log(p) - math.log(p0)))


@register_jitable
def fixed_cost_limit(a: float, b: float, c: float) -> float:
    """Largest fixed cost that linear demand can pay for, `(a - bc)^2/(4b)`. Eq. B12.

    Choke quantity a, slope b > 0 (nan otherwise), variable cost c. 0 if nobody buys at cost. Source: arXiv
    1803.07643.
    """
    if b <= 0.0:
        return math.nan
    at_cost = demand_linear(a, b, c)
    return at_cost * at_cost / (4.0 * b)


@register_jitable
def two_part_price(
    c: float, fixed_cost: float, charge_share: float, demand: float, connections: float
) -> tuple[float, float]:
    """Energy price and fixed charge per connection of a two-part tariff. Eq. B12, M10.

    Variable cost c per unit of energy, fixed cost per period, the part of it recovered by the fixed charge in
    [0, 1], demand in energy per period, number of connections. With part 0 this is `pass_through_price`; with
    part 1 the energy price is c whatever is sold. A part with nobody to pay for it gives an infinite price.
    Source: MODEL.md B12.
    """
    by_charge = charge_share * fixed_cost
    by_energy = fixed_cost - by_charge
    energy_price = c if by_energy == 0.0 else pass_through_price(c, by_energy, demand)
    charge = 0.0
    if by_charge != 0.0:
        charge = by_charge / connections if connections > 0.0 else math.inf
    return energy_price, charge


@register_jitable
def unrecovered_usd(
    energy_usd: float, other_cost_usd: float, price_usd_per_kwh: float, sales_kwh: float, charges_usd: float
) -> float:
    """What tariffs leave of a month's cost, USD: `C - p D - fixed charges`. Eq. M10.

    Cost of energy and all other cost (capacity and network less what new load paid), price with fuel
    adjustment, sales that the regulator recognises. Negative: collected in advance. Source: MODEL.md M10.
    """
    return energy_usd + other_cost_usd - price_usd_per_kwh * sales_kwh - charges_usd


@register_jitable
def loss_with_theft(loss: float, allowed: float, price_ratio: float, elasticity: float) -> float:
    """Distribution loss when theft follows the tariff, `a + (l - a) (p/p0)^e`, as a share. Eq. M10.

    Loss and allowed loss at the reference tariff (their difference stands for theft), tariff over its
    reference, elasticity of theft. Not above nine tenths; a loss below the allowed level does not react.
    Source: sign in Jamil & Ahmad 2014.
    """
    if loss <= allowed or price_ratio <= 0.0:
        return loss
    theft = (loss - allowed) * exp_or_inf(elasticity * math.log(price_ratio))
    return min(LARGEST_LOSS_SHARE, allowed + theft)
