"""Labour: matching, wages and emigration of skilled workers (Eq. M9)."""

import math

from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf


@register_jitable
def matching(u: float, v: float, efficiency: float, alpha: float) -> float:
    """Hires of a month, `mu u^a v^(1-a)`, at most the shorter side of the market. Eq. M9.

    Job seekers u and vacancies v as counts, matching efficiency mu per month, elasticity alpha in [0, 1].
    Source: MODEL.md M9.
    """
    if u <= 0.0 or v <= 0.0:
        return 0.0
    matched = efficiency * exp_or_inf(alpha * math.log(u) + (1.0 - alpha) * math.log(v))
    return min(u, v, matched)


@register_jitable
def wage_growth(psi: float, vacancies: float, unemployed: float) -> float:
    """Relative wage change of a month, `psi (v/u - 1)`. Eq. M9.

    Speed psi per month, vacancies and unemployed as counts. Fewer than one job seeker counts as one, which
    keeps the change finite; a market with neither seekers nor vacancies stays still. Source: MODEL.md M9.
    """
    if unemployed <= 0.0 and vacancies <= 0.0:
        return 0.0
    return psi * (vacancies / max(1.0, unemployed) - 1.0)


@register_jitable
def emigration_hazard(base: float, wage_ratio: float, elasticity: float) -> float:
    """Emigration hazard of a skilled worker per month, `base ratio^elasticity`. Eq. M9.

    Base hazard per month at equal wages, foreign over home wage, elasticity >= 0. 0 if the ratio is not
    positive. Source: MODEL.md M9.
    """
    if wage_ratio <= 0.0:
        return 0.0
    return base * exp_or_inf(elasticity * math.log(wage_ratio))
