"""Valuation: annuities, discounted declining margins, option and entry thresholds (Eq. B6, B7, B17, M2).

Two conversions of a yearly rate to a month are in use, and they differ. Loans quote a nominal rate, so
`annuity_factor` uses rate/12, as lenders do. Discounting of project cash flows uses the effective rate
`monthly_rate`, so that twelve months compound to exactly one year.
"""

import math
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from agents.rules.choice import LARGEST_EXPONENT, exp_or_inf, logistic

MONTHS_PER_YEAR = 12.0
# Scale of a logistic distribution over its standard deviation
LOGISTIC_SCALE = math.sqrt(3.0) / math.pi
# log(1 + e^-y) at steps of y, interpolated in `expected_margin`: a fifth of the time of the two functions
LOGISTIC_STEPS, LOGISTIC_END = 64.0, 40.0
LOGISTIC_TAIL = np.log1p(np.exp(-np.arange(LOGISTIC_STEPS * LOGISTIC_END + 1.0) / LOGISTIC_STEPS))
# Gauss-Legendre with three points, on [-1, 1]: the outer points and the weights
OUTER_POINT, OUTER_WEIGHT, MIDDLE_WEIGHT = math.sqrt(0.6), 5.0 / 18.0, 8.0 / 18.0


@register_jitable
def annuity_factor(rate_per_year: float, months: float) -> float:
    """Constant monthly payment that repays one unit of loan. Eq. B17.

    Nominal rate per year (charged at rate/12 a month), term in months. At rate 0 the factor is 1/months; a
    term that is not positive or a rate <= -12 gives nan. Source: annuity formula.
    """
    rate_per_month = rate_per_year / MONTHS_PER_YEAR
    if months <= 0.0 or rate_per_month <= -1.0:
        return math.nan
    if rate_per_month == 0.0:
        return 1.0 / months
    exponent = -months * math.log1p(rate_per_month)
    if exponent > LARGEST_EXPONENT:
        return 0.0
    return -rate_per_month / math.expm1(exponent)


@register_jitable
def monthly_rate(rate_per_year: float) -> float:
    """Effective rate per month of an effective yearly rate, (1+r)^(1/12)-1. Eq. M2.

    Rate per year as a fraction; nan at or below -1. Used to discount project cash flows, not for loan
    payments (see `annuity_factor`). Source: compound interest.
    """
    if rate_per_year <= -1.0:
        return math.nan
    return math.expm1(math.log1p(rate_per_year) / MONTHS_PER_YEAR)


@register_jitable
def geometric_sum(rate_per_month: float, months: float) -> float:
    """Sum of e^{-rate k} over k = 1..months, also for a term that is not whole. Eq. M2.

    Continuous rate per month (may be negative), term in months; 0 if the term is not positive, and the term
    itself at rate 0. Source: geometric series `(1-e^{-rn})/(e^r-1)`.
    """
    if months <= 0.0:
        return 0.0
    if rate_per_month == 0.0:
        return months
    if rate_per_month > LARGEST_EXPONENT:
        return 0.0
    if -rate_per_month * months > LARGEST_EXPONENT:
        return math.inf
    return -math.expm1(-rate_per_month * months) / math.expm1(rate_per_month)


@register_jitable
def pv_declining_margin(
    revenue: float,
    cost: float,
    decline_per_month: float,
    discount_per_month: float,
    lag_months: float,
    life_months: float,
) -> float:
    """Present value of a margin with falling revenue and constant cost, until it closes or life ends. Eq. M2.

    Sum over k = 1..n of `(revenue e^{-decline k} - cost) e^{-discount k}`, with n the smaller of the life and
    the month in which revenue meets cost (not rounded, hence smooth in prices), times the discount factor
    `e^{-discount lag}` of the start. Revenue and cost in USD a month, continuous rates per month, lag and
    life in months. Never negative: a project that loses from the start is not run, and one that would become
    profitable later is not started late. Source: geometric series.
    """
    months = life_months
    if decline_per_month >= 0.0 and cost > 0.0:
        if revenue <= cost:
            return 0.0
        if decline_per_month > 0.0:
            months = min(life_months, math.log(revenue / cost) / decline_per_month)
    incoming = revenue * geometric_sum(decline_per_month + discount_per_month, months)
    outgoing = cost * geometric_sum(discount_per_month, months)
    return max(0.0, exp_or_inf(-discount_per_month * lag_months) * (incoming - outgoing))


@register_jitable
def expected_margin(revenue: float, cost: float, spread: float) -> float:
    """Mean of `max(0, revenue - cost)` for a logistic revenue: the margin of who may stand idle. Eq. M2.

    Mean revenue and cost in USD a month, spread = standard deviation of revenue over its mean (0: certain).
    `s log(1 + e^((revenue - cost)/s))` with scale s = sqrt(3)/pi spread revenue, from a table (too high by at
    most 1e-5 s). Source: a machine is a strip of options to turn power into coins, Yaish & Zohar 2023 (AFT,
    LIPIcs 282); logistic in place of lognormal.
    """
    margin = revenue - cost
    scale = LOGISTIC_SCALE * spread * revenue
    if scale <= 0.0:
        return max(0.0, margin)
    place = abs(margin) * (LOGISTIC_STEPS / scale)
    if not place < LOGISTIC_STEPS * LOGISTIC_END:
        return max(0.0, margin)
    step = int(place)
    below, above = LOGISTIC_TAIL[step], LOGISTIC_TAIL[step + 1]
    return max(0.0, margin) + scale * (below + (place - step) * (above - below))


@register_jitable
def highest_margin(revenue: float, cost: float, spread: float) -> float:
    """Upper bound of `expected_margin` without exponentials, at most a tenth of the scale too high. Eq. M2.

    With p the first five terms of the series of `e^y`, `log(1 + e^-y) <= log(1 + 1/p) <= (2p + 1) / (2p (p +
    1))`. Mean revenue and cost in USD a month, spread as there. Source: power series; `log(1 + z) <= z (2 +
    z) / (2 + 2z)`.
    """
    margin = revenue - cost
    scale = LOGISTIC_SCALE * spread * revenue
    if scale <= 0.0:
        return max(0.0, margin)
    y = abs(margin) * (1.0 / scale)
    p = 1.0 + y * (1.0 + y * (1.0 / 2.0 + y * (1.0 / 6.0 + y / 24.0)))
    return max(0.0, margin) + scale * (2.0 * p + 1.0) / (2.0 * p * (p + 1.0))


@register_jitable
def highest_annuity(rate_per_month: float, months: float) -> float:
    """Upper bound of the present value of one unit a month, `n / (1 + r n / 2) >= (1 - e^{-rn}) / r`. Eq. M2.

    Continuous rate per month >= 0, term in months. Source: `e^{-x} >= (2 - x) / (2 + x)`.
    """
    return months / (1.0 + 0.5 * rate_per_month * months)


class Stretch(NamedTuple):
    """Some months of a machine's life, ready for the values of many machines (Eq. M2).

    Decline of revenue and discount (continuous rates per month), months before it and in it; at three Gauss
    points what is left of revenue, and the months that the point stands for, discounted.
    """

    decline: float
    discount: float
    first: float
    months: float
    early_revenue: float
    middle_revenue: float
    late_revenue: float
    early_months: float
    middle_months: float
    late_months: float


@register_jitable
def stretch_of_months(decline: float, discount: float, first: float, months: float) -> Stretch:
    """Place the three Gauss points in months first+1..first+months, taken as an integral. Eq. M2.

    Continuous rates per month, first and months in months; no months if they are not positive. Source:
    Gauss-Legendre quadrature.
    """
    if months <= 0.0:
        return Stretch(decline, discount, first, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    apart = 0.5 * months * OUTER_POINT
    early = first + 0.5 + 0.5 * months - apart
    # The points lie equally far apart: what one has lost on the last is the same
    revenue, revenue_step = exp_or_inf(-decline * early), exp_or_inf(-decline * apart)
    value, value_step = exp_or_inf(-discount * early), exp_or_inf(-discount * apart)
    return Stretch(
        decline,
        discount,
        first,
        months,
        revenue,
        revenue * revenue_step,
        revenue * revenue_step * revenue_step,
        months * OUTER_WEIGHT * value,
        months * MIDDLE_WEIGHT * value * value_step,
        months * OUTER_WEIGHT * value * value_step * value_step,
    )


@register_jitable
def pv_idling_margin(revenue: float, cost: float, spread: float, stretch: Stretch) -> float:
    """Present value of the expected margin of a machine that idles when it does not pay. Eq. M2.

    Sum over the months k of the stretch of `expected_margin(revenue e^{-decline k}, cost, spread)
    e^{-discount k}`, at three Gauss points (0.5 % in root mean square over a machine's life and costs up to
    1.5 times revenue, and at most 0.04 months of revenue, which is much only where little is left); a closed
    form of `pv_declining_margin` where revenue is certain. Revenue and cost in USD a month. Source: as
    `expected_margin`.
    """
    if stretch.months <= 0.0:
        return 0.0
    if spread <= 0.0:
        now = revenue * exp_or_inf(-stretch.decline * stretch.first)
        return pv_declining_margin(
            now, cost, stretch.decline, stretch.discount, stretch.first, stretch.months
        )
    return (
        stretch.early_months * expected_margin(revenue * stretch.early_revenue, cost, spread)
        + stretch.middle_months * expected_margin(revenue * stretch.middle_revenue, cost, spread)
        + stretch.late_months * expected_margin(revenue * stretch.late_revenue, cost, spread)
    )


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


@register_jitable
def share_after_event(hazard_per_year: float, life_years: float, protected_years: float) -> float:
    """Expected share of a life that lies behind the first event of a Poisson process and unprotected. Eq. M8.

    Hazard h per year >= 0, life L in years > 0, protection P in years from the start of life: an event during
    P takes effect at its end. `((L - P) - (e^{-hP} - e^{-hL})/h)/L`, 0 without hazard or if P >= L. Source:
    Poisson waiting time.
    """
    protected = max(0.0, protected_years)
    if hazard_per_year <= 0.0 or not protected < life_years:
        return 0.0
    bare = life_years - protected
    before = -math.exp(-hazard_per_year * protected) * math.expm1(-hazard_per_year * bare)
    return (bare - before / hazard_per_year) / life_years


@register_jitable
def loss_while_waiting(hazard_per_year: float, decisions_per_year: float, loss: float) -> float:
    """Expected loss from deciding next time instead of now, `h/(h+d) max(0, loss)`. Eq. M8.

    The offer vanishes at hazard h per year, the next decision comes at rate d per year; the loss is what the
    project is worth more under the offer, in any unit. Source: competing exponential clocks.
    """
    if hazard_per_year <= 0.0 or hazard_per_year + decisions_per_year <= 0.0:
        return 0.0
    return hazard_per_year / (hazard_per_year + decisions_per_year) * max(0.0, loss)


@register_jitable
def wacc(debt_share: float, equity_rate: float, debt_rate: float, tax_rate: float) -> float:
    """Weighted average cost of capital per year, interest deducted from tax. Eq. M2.

    Debt share and tax rate as fractions, rates per year; a tax rate of 0 gives the form used in EMLab.
    Source: EMLab-Generation.
    """
    return (1.0 - debt_share) * equity_rate + debt_share * debt_rate * (1.0 - tax_rate)
