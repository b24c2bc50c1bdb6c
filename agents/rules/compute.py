"""Computing halls: cooling overhead, backup sets, price at home between parities, cost of an hour (Eq.
M13).
"""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf

HOURS_PER_YEAR = 8766.0
ROUNDING = 1e-9  # a whole number of sets that comes out a little above itself is that number


@register_jitable
def pue_in_hour(mean_pue: float, factor: float) -> float:
    """Power at the meter over IT power in an hour, `1 + (PUE - 1) f`. Eq. M13.

    Mean PUE >= 1 of the year; factor >= 0 of the overhead in this hour, 1 on average. Source: MODEL.md M13.
    """
    return 1.0 + (mean_pue - 1.0) * factor


@register_jitable
def backup_sets(target: float, grid: float, unit: float) -> float:
    """Sets of generators and batteries that reach an availability target behind a grid. Eq. M13.

    Smallest whole k with `(1 - grid)(1 - unit)^k <= 1 - target`; availabilities as shares, 0 < unit < 1 and
    target < 1 (infinite otherwise). Sets fail independently. Source: parallel redundancy.
    """
    if 1.0 - grid <= 1.0 - target:
        return 0.0
    if target >= 1.0 or unit <= 0.0:
        return math.inf
    if unit >= 1.0:
        return 1.0
    exact = math.log((1.0 - target) / (1.0 - grid)) / math.log(1.0 - unit)
    return math.ceil(exact - ROUNDING)


@register_jitable
def home_price_ratio(
    capacity: float, demand: float, elasticity: float, import_parity: float, export_parity: float
) -> float:
    """Price at home over the world price, between export and import parity. Eq. M13.

    Demand is what buyers at home want at import parity, and falls with the price by a constant elasticity;
    capacity and demand in one unit, parities as ratios to the world price. Scarce capacity earns import
    parity, since buyers can rent abroad; abundant capacity earns export parity. Source: law of one price.
    """
    if demand <= 0.0:
        return export_parity
    if capacity <= demand:
        return import_parity
    if elasticity <= 0.0:
        return export_parity
    return max(export_parity, import_parity * math.exp(-math.log(capacity / demand) / elasticity))


@register_jitable
def home_sales(
    capacity: float, demand: float, elasticity: float, import_parity: float, price_ratio: float
) -> float:
    """Capacity that sells at home at a price ratio, `min(K, D (m/m_0)^-e)`. Eq. M13. Same units as
    capacity.
    """
    if demand <= 0.0:
        return 0.0
    if price_ratio <= 0.0 or import_parity <= 0.0:
        return capacity
    wanted = demand * exp_or_inf(-elasticity * (math.log(price_ratio) - math.log(import_parity)))
    return min(capacity, wanted)


@register_jitable
def usd_per_gpu_hour(cost_usd_per_mw_year: float, gpus_per_mw: float, billed_share: float) -> float:
    """Price of a GPU hour that covers a yearly cost, USD. Eq. M13.

    Cost in USD per MW of IT and year, GPUs per MW of IT, billed share of the hours; infinite if nothing is
    billed. Source: unit arithmetic.
    """
    hours = gpus_per_mw * billed_share * HOURS_PER_YEAR
    return math.inf if hours <= 0.0 else cost_usd_per_mw_year / hours
