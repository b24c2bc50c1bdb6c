"""Price expectations: forecasters, fitness and switching (Eq. M1), and the cobweb test market (Eq. B8).

Forecasters work on a log series, so their output is a log price and their error a relative error.
"""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf, logistic


@register_jitable
def forecast_naive(p: float) -> float:
    """Naive forecast: the present log price p. Eq. M1.

    Source: Anufriev & Hommes 2012 (verify before citing).
    """
    return p


@register_jitable
def forecast_adaptive(pe: float, p: float, weight: float) -> float:
    """Adaptive forecast: the last one corrected by part of its error. Eq. M1.

    pe and p are the last forecast and the realised log price, weight in [0, 1]. Source: Anufriev & Hommes
    2012 (verify before citing).
    """
    return pe + weight * (p - pe)


@register_jitable
def forecast_trend(p: float, p_lag: float, gain: float) -> float:
    """Trend forecast: the last change continues, scaled by the gain. Eq. M1.

    p and p_lag are log prices of this and the last month, gain a pure number (.4 weak, 1.3 strong). Source:
    Anufriev & Hommes 2012 (verify before citing).
    """
    return p + gain * (p - p_lag)


@register_jitable
def forecast_anchor(p: float, anchor: float, weight: float) -> float:
    """Anchor forecast: the price returns part of the way to an anchor or forward curve. Eq. M1.

    p and anchor are log prices, weight in [0, 1] is the part of the gap that closes. Source: MODEL.md M1.
    """
    return p + weight * (anchor - p)


@register_jitable
def expected_decline(base: float, weight: float, hash_growth: float, rent_share: float) -> float:
    """Decline of hashprice per month that miners expect at an unchanged coin price. Eq. M1.

    Base rate per month, weight in [0, 1] of the growth of world hash (log per month) learned from the past; a
    shrinking network promises no rise. Growth goes on only as far as newcomers earn something: it counts with
    the share of hashprice above the cost of entry, clipped to [0, 1]. Source: MODEL.md M1.
    """
    return base + weight * max(0.0, hash_growth) * min(1.0, max(0.0, rent_share))


@register_jitable
def fitness(u: float, error: float, variance: float, memory: float) -> float:
    """Discounted past performance of a forecaster, `eta U - error^2/var`. Eq. M1.

    u is last month's fitness, error the log forecast error, variance that of the log series, memory eta in
    [0, 1]. A variance that is not positive means that nothing has moved yet and adds no penalty. Source:
    Anufriev & Hommes 2012 (verify before citing).
    """
    if variance <= 0.0:
        return memory * u
    return memory * u - error * error / variance


@register_jitable
def switch_share(n: float, softmax_value: float, inertia: float) -> float:
    """Weight of a forecaster after switching with inertia. Eq. M1.

    n is its last share, softmax_value the share that fitness alone would give, inertia delta in [0, 1].
    Source: Anufriev & Hommes 2012 (verify before citing).
    """
    return inertia * n + (1.0 - inertia) * softmax_value


@register_jitable
def softmax4(beta: float, u0: float, u1: float, u2: float, u3: float, k: int) -> float:
    """Logit share of forecaster k among four. Eq. M1.

    Intensity of choice beta >= 0, finite fitness values u0..u3, k in 0..3 (nan otherwise). Source: Brock &
    Hommes 1997.
    """
    top = max(u0, u1, u2, u3)
    w0 = exp_or_inf(beta * (u0 - top))
    w1 = exp_or_inf(beta * (u1 - top))
    w2 = exp_or_inf(beta * (u2 - top))
    w3 = exp_or_inf(beta * (u3 - top))
    total = w0 + w1 + w2 + w3
    if k == 0:
        return w0 / total
    if k == 1:
        return w1 / total
    if k == 2:
        return w2 / total
    if k == 3:
        return w3 / total
    return math.nan


@register_jitable
def costly_share(beta: float, cost: float) -> float:
    """Share of the costly perfect predictor when the price is at rest, `1/(1+e^{beta C})`. Eq. B8.

    Intensity of choice beta per unit of profit, cost C in the same unit. Source: Brock & Hommes 1997.
    """
    return logistic(-beta * cost)


@register_jitable
def cobweb_step(p: float, m: float, big_b: float, b: float, beta: float, cost: float) -> tuple[float, float]:
    """Next price and share difference of the cobweb market with a costly and a naive predictor. Eq. B8.

    p is the price less its fundamental, m the share of the costly predictor minus that of the naive one,
    big_b and b the slopes of demand and supply (nan unless positive), beta the intensity of choice, cost that
    of the perfect predictor. Source: Brock & Hommes 1997.
    """
    slope = 2.0 * big_b + b * (1.0 + m)
    if slope <= 0.0:
        return math.nan, math.nan
    ratio = b * (1.0 - m) / slope
    change = (ratio + 1.0) * p
    return -ratio * p, math.tanh(0.5 * beta * (0.5 * b * change * change - cost))
