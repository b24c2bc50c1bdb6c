"""The connection queue: service by a limited number of desks and attrition of those who wait (Eq. B14)."""

import math

from numba.extending import register_jitable


@register_jitable
def abandonment_probability(theta_per_month: float) -> float:
    """Chance that a waiting project gives up within a month, `1 - e^-theta`. Eq. B14.

    Attrition hazard theta per month; 0 if it is not positive. Source: exponential patience, Erlang-A.
    """
    return -math.expm1(-max(0.0, theta_per_month))


@register_jitable
def waiting_projects(projects: float, desks: float) -> float:
    """Projects in the queue that no desk works on yet, `max(n - c, 0)`. Eq. B14. Both are counts."""
    return max(0.0, projects - desks)


@register_jitable
def connections_this_month(projects: float, desks: float, completions_per_desk_month: float) -> float:
    """Expected connections in a month, `min(n, c) mu`, at most all projects. Eq. B14.

    Projects in the queue or in study and number of desks as counts, completions per busy desk and month.
    Source: Erlang-A service rate.
    """
    busy = max(0.0, min(projects, desks))
    return min(max(0.0, projects), busy * completions_per_desk_month)


@register_jitable
def attrition_this_month(projects: float, desks: float, theta_per_month: float) -> float:
    """Expected withdrawals in a month at the present queue, `max(n - c, 0) theta`. Eq. B14.

    Projects and desks as counts, attrition hazard theta per month; linear in theta, for the flow balance (use
    `abandonment_probability` for a draw over a whole month). Source: Erlang-A attrition rate.
    """
    return waiting_projects(projects, desks) * max(0.0, theta_per_month)
