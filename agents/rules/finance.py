"""Valuation: annuities, discounted declining and idling margins (Eq. B17, M2, M8).

Two conversions of a yearly rate to a month are in use, and they differ. Loans quote a nominal rate, so
`annuity_factor` uses rate/12, as lenders do. Discounting of project cash flows uses the effective rate
`monthly_rate`, so that twelve months compound to exactly one year.
"""

import math

from numba.extending import register_jitable

from agents.rules.choice import LARGEST_EXPONENT, exp_or_inf

MONTHS_PER_YEAR = 12.0
# Scale of a logistic distribution over its standard deviation
LOGISTIC_SCALE = math.sqrt(3.0) / math.pi


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
def real_rate(nominal_per_year: float, inflation_per_year: float) -> float:
    """Real rate per year of a nominal one, (1+i)/(1+pi)-1. Eq. M2.

    Rates per year as fractions; nan where inflation is at or below -1. Source: Fisher (1930).
    """
    if inflation_per_year <= -1.0:
        return math.nan
    return (1.0 + nominal_per_year) / (1.0 + inflation_per_year) - 1.0


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
    `s log(1 + e^((revenue - cost)/s))` with scale s = sqrt(3)/pi spread revenue. Source: a machine is a strip
    of options to turn power into coins, Yaish & Zohar 2023 (AFT, LIPIcs 282); logistic in place of lognormal.
    """
    margin = revenue - cost
    scale = LOGISTIC_SCALE * spread * revenue
    if scale <= 0.0:
        return max(0.0, margin)
    return max(0.0, margin) + scale * math.log1p(math.exp(-abs(margin) / scale))


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
    p = 1.0 + y * (1.0 + y * (1.0 / 2.0) * (1.0 + y * (1.0 / 3.0) * (1.0 + y / 4.0)))
    return max(0.0, margin) + scale * (2.0 * p + 1.0) / (2.0 * p * (p + 1.0))


@register_jitable
def highest_annuity(rate_per_month: float, months: float) -> float:
    """Upper bound of the present value of one unit a month, `n / (1 + r n / 2) >= (1 - e^{-rn}) / r`. Eq. M2.

    Continuous rate per month >= 0, term in months. Source: `e^{-x} >= (2 - x) / (2 + x)`.
    """
    return months / (1.0 + 0.5 * rate_per_month * months)


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
