"""Technology adoption: Bass diffusion and its payback term (Eq. B16, M11)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf


@register_jitable
def bass_hazard(p: float, q: float, share: float) -> float:
    """Adoption hazard of those who have not adopted, `p + qF`, per year. Eq. B16.

    Innovation p and imitation q per year, adopted share F in [0, 1]. Source: Bass 1969 (verify before
    citing).
    """
    return p + q * share


@register_jitable
def bass_cumulative(p: float, q: float, t: float) -> float:
    """Adopted share after a time under constant parameters. Eq. B16.

    Innovation p and imitation q >= 0 per year, time t in years since the start; 0 without innovation or
    before the start. Source: Bass 1969 (verify before citing).
    """
    if p <= 0.0 or q < 0.0 or t <= 0.0:
        return 0.0
    decay = exp_or_inf(-(p + q) * t)
    return (1.0 - decay) / (1.0 + q / p * decay)


@register_jitable
def bass_peak(p: float, q: float) -> float:
    """Time of the highest adoption rate, `ln(q/p)/(p+q)`, in years. Eq. B16.

    Innovation p and imitation q per year; 0 if q <= p, where adoption falls from the start; nan without
    innovation. Source: Bass 1969 (verify before citing).
    """
    if p <= 0.0:
        return math.nan
    if q <= p:
        return 0.0
    return math.log(q / p) / (p + q)


@register_jitable
def payback_years(capex_usd_per_kw: float, yearly_saving_usd_per_kw: float) -> float:
    """Simple payback time in years. Eq. M11.

    Capital cost in USD/kW, saving in USD/kW a year; infinite without a saving. Source: MODEL.md M11.
    """
    if yearly_saving_usd_per_kw <= 0.0:
        return math.inf
    return capex_usd_per_kw / yearly_saving_usd_per_kw


@register_jitable
def adoption_hazard(
    p: float, q: float, share: float, gain: float, payback_years: float, payback_reference_years: float
) -> float:
    """Adoption hazard with payback, `(p + qF) exp(-g (payback - PB0))`, per year. Eq. M11.

    Innovation p and imitation q per year, adopted share F, gain g per year of payback (0 switches the term
    off), payback and its reference in years. Source: MODEL.md M11.
    """
    hazard = bass_hazard(p, q, share)
    if gain == 0.0:
        return hazard
    return hazard * exp_or_inf(-gain * (payback_years - payback_reference_years))
