"""Calendar of a yearly pause: when licensed mining must stand still (Eq. M3)."""

from numba.extending import register_jitable


@register_jitable
def paused(first_month: float, last_month: float, month_of_year: float) -> bool:
    """Whether mining must stand still in a calendar month (1 to 12). Eq. M3.

    First and last month of the pause, 1 to 12; it runs over the new year if the first is the later one, and
    there is none if either is below 1. Source: summer bans in Iran, winter bans in Russia, Bhutan's winter.
    """
    if first_month < 1.0 or last_month < 1.0:
        return False
    if first_month <= last_month:
        return first_month <= month_of_year <= last_month
    return month_of_year >= first_month or month_of_year <= last_month


@register_jitable
def paused_share(first_month: float, last_month: float) -> float:
    """Share of the year's months in which mining must stand still. Eq. M3.

    First and last month of the pause, as in `paused`. Source: counting.
    """
    count = 0.0
    for month in range(12):
        if paused(first_month, last_month, float(month + 1)):
            count += 1.0
    return count / 12.0
