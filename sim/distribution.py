"""Distributors by group: who loses energy above the allowed level, and whose bills stay unpaid.

The national levels are parameters of the run (loss, allowed loss, recovery) and move all distributors in
proportion; the country file says how they are spread.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.countries import Country

# A distributor is weak if it loses more or collects less than this (assumed: between Pakistan's two groups)
WEAK_LOSS_SHARE, WEAK_RECOVERY_SHARE = 0.2, 0.9


class WeakShares(NamedTuple):
    """Shares of weak distributors in losses above the allowed level and in unpaid bills."""

    excess_loss: float
    unpaid: float


def weak_shares(country: Country) -> WeakShares:
    """Shares of weak distributors of a country; none where it names no distributors."""
    excess, unpaid = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for item in country.distributor:
        weak = item.loss_share > WEAK_LOSS_SHARE or item.recovery_share < WEAK_RECOVERY_SHARE
        bought = item.sales_share / (1.0 - item.loss_share)
        excess[weak] += bought * max(0.0, item.loss_share - item.allowed_loss_share)
        unpaid[weak] += item.sales_share * (1.0 - item.recovery_share)
    parts = [
        group[True] / sum(group.values()) if sum(group.values()) > 0.0 else 0.0 for group in (excess, unpaid)
    ]
    return WeakShares(*parts)
