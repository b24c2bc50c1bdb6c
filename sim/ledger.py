"""The flow matrix of the economy (Eq. B13): every transfer has a payer and a payee, every month closes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.compiled import kernel
from sim.errors import ModelError

FloatArray = npt.NDArray[np.float64]
SECTORS = ("households", "miners", "ai_firms", "generators", "purchaser", "treasury", "banks", "world")
H, M, A, G, D, T, B, W = range(8)
ROWS = (
    "energy_bills",
    "energy_purchase",
    "capacity_payments",
    "fuel",
    "network",
    "coin_and_compute_sales",
    "hardware",
    "resale",
    "site_sales",
    "local_purchases",
    "wages",
    "income_tax",
    "turnover_tax",
    "levy",
    "licence",
    "duty",
    "sales_tax",
    "withholding",
    "fines",
    "auctions",
    "public_spending",
    "subsidy",
    "interest",
    "loans",
    "arrears",
    "equity",
    "dividends",
)
TOLERANCE = 1e-8


class LedgerError(ModelError):
    """The books of a month do not close."""


@dataclass
class Ledger:
    """Flows by month, row and sector in USD; sources of funds are positive, uses negative."""

    flows: FloatArray
    labels: tuple[str, ...]

    @classmethod
    def empty(cls, labels: tuple[str, ...]) -> Ledger:
        """Books for the months of a run."""
        return cls(np.zeros((len(labels), len(ROWS), len(SECTORS))), labels)

    def post(self, t: int, row: str, payer: int, payee: int, amount_usd: float) -> None:
        """Record a transfer of month ``t``; a negative amount flows the other way."""
        index = ROW_INDEX[row]
        self.flows[t, index, payer] -= amount_usd
        self.flows[t, index, payee] += amount_usd

    def check(self, t: int, cash_change_usd: dict[int, float]) -> None:
        """Raise LedgerError unless every row sums to zero and the columns of firms equal the change in
        their cash.
        """
        savings, turnovers = sums = np.zeros((2, len(SECTORS)))
        row, worst, largest = _margins(self.flows[t], sums)
        scale = max(1.0, largest)
        if not worst <= TOLERANCE * scale:
            raise LedgerError(f"{self.labels[t]}: row {ROWS[row]} does not sum to zero ({worst:.3g} USD)")
        for sector, change in cash_change_usd.items():
            gap = float(savings[sector]) - change
            if not abs(gap) <= TOLERANCE * max(scale, float(turnovers[sector])):
                raise LedgerError(
                    f"{self.labels[t]}: cash of {SECTORS[sector]} changed by {change:.6g} USD, "
                    f"books say {change + gap:.6g}"
                )

    def frame(self) -> pd.DataFrame:
        """Long table: month, row, sector, usd."""
        index = pd.MultiIndex.from_product([self.labels, ROWS, SECTORS], names=["month", "row", "sector"])
        return pd.DataFrame({"usd": self.flows.reshape(-1)}, index=index).reset_index()

    def matrix(self, t: int) -> pd.DataFrame:
        """Matrix of a month with the closing row, sectors as columns."""
        table = pd.DataFrame(self.flows[t], index=list(ROWS), columns=list(SECTORS))
        table.loc["change_in_deposits"] = -table.sum(axis=0)
        return table


@kernel
def _margins(month, sums):  # type: ignore[no-untyped-def]
    """Add up columns and their absolute flows in the rows of ``sums``; returns the row furthest from zero
    (the first with nan, if any) and its absolute sum, and the largest absolute flow.
    """
    row, worst, largest = 0, 0.0, 0.0
    for i in range(month.shape[0]):
        total = 0.0
        for j in range(month.shape[1]):
            flow = month[i, j]
            total += flow
            sums[0, j] += flow
            sums[1, j] += abs(flow)
            largest = max(largest, abs(flow))
        if worst == worst and not abs(total) <= worst:
            row, worst = i, abs(total)
    return row, worst, largest


ROW_INDEX = {name: position for position, name in enumerate(ROWS)}
