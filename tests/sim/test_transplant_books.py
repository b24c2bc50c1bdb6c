"""Money closes in every cell of the transplant matrix: every regime, every country, ten years, five seeds."""

from __future__ import annotations

import numpy as np
import pytest

from sim import list_countries, list_regimes, load_scenario, simulate
from sim.ledger import SECTORS

SEEDS = range(1, 6)
TOLERANCE = 1e-8


def worst_gap(flows: np.ndarray) -> float:
    """Largest sum of a row over the sectors, relative to the largest flow of its month."""
    scale = np.maximum(1.0, np.abs(flows).max(axis=(1, 2)))
    return float((np.abs(flows.sum(axis=2)).max(axis=1) / scale).max())


@pytest.mark.long
@pytest.mark.parametrize("country", list_countries())
@pytest.mark.parametrize("regime", list_regimes())
def test_money_closes_over_ten_years(country, regime):
    """Rows sum to zero; what firms hold is checked against the columns in every month of the run itself."""
    for seed in SEEDS:
        result = simulate(load_scenario(country, regime, months=120), seed)
        assert result.ledger.flows.shape[0] == 120
        assert worst_gap(result.ledger.flows) <= TOLERANCE
        months = result.months
        treasury = result.ledger.flows[:, :, SECTORS.index("treasury")].sum(axis=1)
        # Coins are a stock: revaluation moves no money
        cash = months["tax_total_usd"] - months["public_cost_usd"] - months["subsidy_usd"]
        gap = np.abs(treasury - cash.to_numpy())
        assert gap.max() <= TOLERANCE * max(1.0, float(np.abs(result.ledger.flows).max()))


def test_a_flow_without_payee_is_seen():
    flows = np.zeros((2, 3, len(SECTORS)))
    flows[0, 0, 0], flows[0, 0, 1] = 5.0, -5.0
    assert worst_gap(flows) == 0.0
    flows[1, 2, 4] = 1e-3
    assert worst_gap(flows) == 1e-3
