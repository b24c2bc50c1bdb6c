"""Compliance: tax evasion, power theft, detection and social learning (Eq. B9, M5, M6)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import LARGEST_EXPONENT, exp_or_inf, logistic


@register_jitable
def evade_declared(p: float, s: float) -> bool:
    """Does a risk-neutral taxpayer evade? Eq. B9: iff `p(1+s) < 1`.

    Under the same condition a risk-averse one evades at least a little. Detection probability p in [0, 1],
    fine rate s on the evaded tax (tax itself is repaid too). Source: Allingham & Sandmo 1972, Yitzhaki 1974
    (verify before citing).
    """
    return p * (1.0 + s) < 1.0


@register_jitable
def evasion_cara(p: float, s: float, t: float, a: float, y: float = 1.0) -> float:
    """Undeclared income under constant absolute risk aversion, clipped to [0, y]. Eq. B9.

    Detection probability p, fine rate s on evaded tax, tax rate t, risk aversion a per unit of income, income
    y (1 if income is the unit). Risk neutral at a <= 0; nothing is evaded where there is no tax. Source:
    Allingham & Sandmo 1972, Yitzhaki 1974 (verify before citing).
    """
    if t <= 0.0 or not evade_declared(p, s):
        return 0.0
    if p <= 0.0 or s <= 0.0 or a <= 0.0:
        return y
    return min(y, math.log((1.0 - p) / (p * s)) / (a * t * (1.0 + s)))


@register_jitable
def evasion_crra(p: float, s: float, t: float, rho: float, y: float) -> float:
    """Undeclared income under constant relative risk aversion, clipped to [0, y]. Eq. B9.

    Detection probability p, fine rate s on evaded tax, tax rate t in (0, 1], risk aversion rho, income y.
    Risk neutral at rho <= 0; nothing is evaded where there is no tax. Source: Allingham & Sandmo 1972,
    Yitzhaki 1974 (verify before citing).
    """
    if t <= 0.0 or not evade_declared(p, s):
        return 0.0
    if p <= 0.0 or s <= 0.0 or rho <= 0.0:
        return y
    log_k = math.log((1.0 - p) / (p * s)) / rho
    if log_k > LARGEST_EXPONENT:
        gain = 1.0 / s
    else:
        k = math.exp(log_k)
        gain = (k - 1.0) / (1.0 + k * s)
    return max(0.0, min(y, y * (1.0 - t) * gain / t))


@register_jitable
def theft_indifference_hazard(m: float, pi: float, licence_fee: float, r: float, loss: float) -> float:
    """Detection hazard at which theft and licence are worth the same, `(m + r lic)/(L + pi/r - lic)`. Eq. B9.

    Stolen power m and legal profit pi in USD a month, licence fee and loss on detection (seized hardware
    included) in USD, discount rate r per month. nan at r <= 0; infinite where no hazard deters, because a
    thief loses less than the fee. Source: derived in MODEL.md.
    """
    if r <= 0.0:
        return math.nan
    at_stake = loss + pi / r - licence_fee
    if at_stake <= 0.0:
        return math.inf
    return (m + r * licence_fee) / at_stake


@register_jitable
def value_licensed(profit: float, tax: float, r: float, licence_fee: float) -> float:
    """Value of operating with a licence, `(pi - tax)/r - fee`, in USD. Eq. M5.

    Profit before tax and tax in USD a month, discount rate r per month (nan at r <= 0), licence fee in USD.
    Source: MODEL.md M5.
    """
    if r <= 0.0:
        return math.nan
    return (profit - tax) / r - licence_fee


@register_jitable
def value_evading(profit: float, saving: float, hazard: float, loss: float, r: float) -> float:
    """Value of operating without a licence or with stolen power, `(pi + m - hL)/(r+h)`, in USD. Eq. M5.

    Profit and saving (tax not paid, power not paid) in USD a month, detection hazard h per month, loss on
    detection in USD, discount rate r per month; nan if r + h <= 0. Source: MODEL.md M5.
    """
    if r + hazard <= 0.0:
        return math.nan
    return (profit + saving - hazard * loss) / (r + hazard)


@register_jitable
def effective_hazard(hazard: float, deterrence_weight: float) -> float:
    """Hazard that enters the choice, after the deterrence weight omega. Eq. M5.

    Hazard per month, weight clipped to [0, 1]: Pakistani data show little deterrence (Jamil & Ahmad 2014).
    """
    return hazard * min(1.0, max(0.0, deterrence_weight))


@register_jitable
def load_signature(load_mw: float, gamma: float) -> float:
    """How visible a load is to inspectors, `MW^gamma`. Eq. M5.

    Load in MW, exponent gamma >= 0; no load leaves no signature. Source: MODEL.md M5.
    """
    if load_mw <= 0.0:
        return 0.0
    return exp_or_inf(gamma * math.log(load_mw))


@register_jitable
def targeting_exponent(targeting_rule: int, gamma: float) -> float:
    """Exponent of load in what draws inspectors. Eq. M5.

    Targeting rule: 0 load signature (gamma), 1 every site with the same chance (zero), 2 largest first (twice
    gamma). Source: targeting of inspections in Andrei, Comer & Koehler 2014 (hubs against loners).
    """
    if targeting_rule == 1:
        return 0.0
    if targeting_rule == 2:
        return 2.0 * gamma
    return gamma


@register_jitable
def detection_hazard(
    capacity: float, signature: float, total_signature: float, smart_meter_share: float
) -> float:
    """Chance that one offender is detected this month. Eq. M5.

    Capacity in detections a month, signature of this load and of all offending loads (`load_signature`),
    share of smart meters in [0, 1]. Inspectors go where the signature is; smart meters sharpen it. Capped by
    capacity and by 1. The cap on the sum over offenders belongs to the enforcement desk, which sees all of
    them. Source: MODEL.md M5.
    """
    if capacity <= 0.0 or signature <= 0.0 or total_signature <= 0.0:
        return 0.0
    raised = capacity * (signature / total_signature) * (1.0 + smart_meter_share)
    return min(1.0, capacity, raised)


@register_jitable
def updated_hazard(perceived: float, prior: float, decay: float, signal: float) -> float:
    """Perceived detection hazard after a month, in [0, 1]. Eq. M6.

    Memory above the prior keeps the part decay (kappa) each month, and what is seen, own or neighbours'
    detection, adds signal. Hazards per month. Source: lapse of time in Hokamp & Pickhardt 2010.
    """
    return min(1.0, max(0.0, prior + decay * (perceived - prior) + signal))


@register_jitable
def imitate_probability(own_payoff: float, peer_payoff: float, intensity: float) -> float:
    """Probability of copying a sampled peer's status once the two have met. Eq. M6.

    Realised payoffs in one unit, intensity of choice per unit; a large intensity copies exactly the better
    one, and equal payoffs give one half. Source: MODEL.md M6.
    """
    return logistic(intensity * (peer_payoff - own_payoff))
