"""Thresholds of irreversible decisions: when to enter, wait, leave (Eq. B6, B7)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf, logistic


@register_jitable
def positive_root(half_variance: float, drift: float, discount: float) -> float:
    """Positive root b of `half_variance b^2 + drift b - discount = 0`. Used by Eq. B6 and B7.

    Arguments per year, half_variance >= 0 and discount >= 0. With no variance and no upward drift the root is
    infinite. Source: quadratic formula, in the form without cancellation.
    """
    root = math.sqrt(max(0.0, drift * drift + 4.0 * half_variance * discount))
    if drift > 0.0:
        return 2.0 * discount / (drift + root)
    if half_variance <= 0.0:
        return math.inf
    return (root - drift) / (2.0 * half_variance)


@register_jitable
def option_beta(rate: float, payout: float, sigma: float) -> float:
    """Elasticity b1 > 1 of the option to invest. Eq. B7.

    Discount rate, payout rate (convenience yield) and volatility per year, as fractions. At sigma 0 it is
    rate/(rate-payout), or infinite if payout >= rate. Source: Dixit & Pindyck 1994 (verify before citing).
    """
    half_variance = 0.5 * sigma * sigma
    return positive_root(half_variance, rate - payout - half_variance, rate)


@register_jitable
def option_beta_negative(rate: float, payout: float, sigma: float) -> float:
    """Elasticity b2 < 0 of the option to leave, the other root of the quadratic of `option_beta`. Eq. B7.

    Discount rate, payout rate and volatility per year, as fractions; minus infinity if there is no variance
    and no downward drift. Source: Dixit 1989 (verify before citing).
    """
    half_variance = 0.5 * sigma * sigma
    return -positive_root(half_variance, half_variance - rate + payout, rate)


@register_jitable
def markup(beta: float) -> float:
    """Mark-up b/(b-1) over the value at which investing breaks even. Eq. B6, B7.

    Elasticity b a pure number; infinite for b <= 1, where waiting never stops, and 1 for infinite b.
    """
    if beta <= 1.0:
        return math.inf
    if beta == math.inf:
        return 1.0
    return beta / (beta - 1.0)


@register_jitable
def option_premium(rate: float, payout: float, sigma: float) -> float:
    """Ratio V*/I of value to cost at which to invest now. Eq. B7.

    Discount rate, payout rate and volatility per year, as fractions. Source: Dixit & Pindyck 1994 (verify
    before citing).
    """
    return markup(option_beta(rate, payout, sigma))


@register_jitable
def option_threshold_lag(rate: float, payout: float, sigma: float, lag_years: float) -> float:
    """Ratio V*/I when the asset arrives a lag after payment, `e^{payout lag} V*/I`. Eq. B7.

    Discount rate, payout rate and volatility per year, as fractions; lag in years. V is the present value of
    the asset if it were delivered at once. Source: Dixit & Pindyck 1994 (verify before citing).
    """
    return exp_or_inf(payout * lag_years) * option_premium(rate, payout, sigma)


@register_jitable
def entry_beta(r: float, alpha: float, a: float, sigma: float) -> float:
    """Root b > 1 of `sigma^2/2 b(b-1) + (alpha+a) b - (r+a) = 0`. Eq. B6.

    Discount rate, revenue drift, decline of the cost of a hash unit, and volatility, per year as fractions.
    Source: derived in MODEL.md, of the Prat & Walter 2021 type.
    """
    half_variance = 0.5 * sigma * sigma
    return positive_root(half_variance, alpha + a - half_variance, r + a)


@register_jitable
def entry_barrier(r: float, alpha: float, a: float, sigma: float) -> float:
    """Yearly revenue at which entry starts, per unit of sunk cost I + C/r, in continuous time. Eq. B6.

    Discount rate, revenue drift, decline of the cost of a hash unit, and volatility, per year as fractions.
    nan if r <= alpha, where the value of a unit is not finite. A monthly clock lowers the barrier by 11-15 %
    (Eq. B6b). Source: derived in MODEL.md.
    """
    if r <= alpha:
        return math.nan
    return markup(entry_beta(r, alpha, a, sigma)) * (r - alpha)


@register_jitable
def activation_gain(
    price: float, a_idle: float, a_active: float, rho: float, mu: float, sigma: float, unit_cost: float
) -> float:
    """Value of an active firm minus that of an idle one, before switching costs. Eq. B7.

    Value matching sets it to the entry cost k at p_H and to minus the exit cost l at p_L. Price and unit cost
    in USD per unit and year, a_idle = A1 and a_active = A2 in USD, rho, mu and sigma per year. nan if price
    <= 0, rho <= mu or rho <= 0. Source: Dixit 1989 (verify before citing).
    """
    if price <= 0.0 or rho <= mu or rho <= 0.0:
        return math.nan
    log_price = math.log(price)
    b1 = option_beta(rho, rho - mu, sigma)
    b2 = option_beta_negative(rho, rho - mu, sigma)
    active = a_active * exp_or_inf(b2 * log_price) + price / (rho - mu) - unit_cost / rho
    return active - a_idle * exp_or_inf(b1 * log_price)


@register_jitable
def activation_gain_slope(
    price: float, a_idle: float, a_active: float, rho: float, mu: float, sigma: float
) -> float:
    """Derivative of `activation_gain` by the price; smooth pasting sets it to 0 at p_H and p_L. Eq. B7.

    Price in USD per unit and year, a_idle and a_active in USD, rho, mu and sigma per year. nan if price <= 0,
    rho <= mu or rho <= 0. Source: Dixit 1989 (verify before citing).
    """
    if price <= 0.0 or rho <= mu or rho <= 0.0:
        return math.nan
    log_price = math.log(price)
    b1 = option_beta(rho, rho - mu, sigma)
    b2 = option_beta_negative(rho, rho - mu, sigma)
    active = a_active * b2 * exp_or_inf((b2 - 1.0) * log_price) + 1.0 / (rho - mu)
    return active - a_idle * b1 * exp_or_inf((b1 - 1.0) * log_price)


@register_jitable
def stays_active(active: bool, price: float, exit_price: float, entry_price: float) -> bool:
    """Is the firm active after seeing the price? Eq. B7.

    An active firm leaves at or below the exit price, an idle one enters at or above the entry price; between
    the two nothing changes, which is the hysteresis. Prices in one unit, exit_price < entry_price. Source:
    Dixit 1989 (verify before citing).
    """
    if active:
        return price > exit_price
    return price >= entry_price


@register_jitable
def invest_probability(npv_over_cost: float, hurdle: float, slope: float) -> float:
    """Probability of investing, `1/(1+exp(-k(NPV/I - h)))`. Eq. M2.

    NPV over cost and hurdle as fractions of the cost, slope k a pure number; a large slope gives the
    threshold rule. The hurdle is `option_premium - 1` under the option rule and 0 under the NPV rule. Source:
    MODEL.md M2.
    """
    return logistic(slope * (npv_over_cost - hurdle))
