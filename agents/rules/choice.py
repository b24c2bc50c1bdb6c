"""Discrete choice: logit probabilities and Gumbel draws (Eq. B17), safe at any argument."""

import math

from numba.extending import register_jitable

LARGEST_EXPONENT = 709.0  # e^709 is the last power of e with a whole exponent that a double holds


@register_jitable
def exp_or_inf(x: float) -> float:
    """Exponential that returns infinity instead of failing on overflow. Argument a pure number."""
    if x > LARGEST_EXPONENT:
        return math.inf
    return math.exp(x)


@register_jitable
def logistic(z: float) -> float:
    """Logistic function 1/(1+e^-z) without overflow. Eq. B17. Argument a pure number."""
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    weight = math.exp(z)
    return weight / (1.0 + weight)


@register_jitable
def logit2(beta: float, a: float, b: float) -> float:
    """Probability of choosing a over b. Eq. B17.

    Intensity of choice beta per unit of value, values a and b in any common unit. Source: McFadden 1974
    (verify before citing).
    """
    return logistic(beta * (a - b))


@register_jitable
def logit_weight(beta: float, value: float, best: float) -> float:
    """Weight of one option among many, relative to the best one. Eq. B17.

    Intensity beta per unit of value; value and best (the largest value on the menu) in a common unit.
    """
    return exp_or_inf(beta * (value - best))


@register_jitable
def logit_share(beta: float, value: float, best: float, weight_sum: float) -> float:
    """Choice probability of one option among many. Eq. B17.

    Intensity beta per unit of value; value and best in a common unit; weight_sum is the sum of `logit_weight`
    over the whole menu, at least 1 because the best option is on it (nan if not positive).
    """
    if weight_sum <= 0.0:
        return math.nan
    return logit_weight(beta, value, best) / weight_sum


@register_jitable
def gumbel(u: float) -> float:
    """Standard Gumbel draw from a uniform draw. Eq. B17.

    u in (0, 1); the ends give -inf and inf. Adding it to beta times each value and taking the largest is a
    logit choice. Source: inverse distribution function.
    """
    if u <= 0.0:
        return -math.inf
    if u >= 1.0:
        return math.inf
    return -math.log(-math.log(u))


@register_jitable
def nested_inclusive_value(mu: float, best: float, weight_sum: float) -> float:
    """Worth of a nest of options, `best + ln(sum e^{mu (v - best)})/mu`. Eq. B17.

    Intensity mu > 0 inside the nest per unit of value, best value in it, and the sum of `logit_weight` over
    the nest; -inf for an empty nest. Tends to the best value for large mu. Source: McFadden 1978 (verify
    before citing).
    """
    if weight_sum <= 0.0 or mu <= 0.0:
        return -math.inf
    return best + math.log(weight_sum) / mu
