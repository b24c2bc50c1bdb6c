"""Small scenarios in which much happens within a few months, and regimes with a few instruments changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim import Scenario, load_scenario
from sim.model import WattLabModel
from sim.regimes import load_regime

TINY = {"miners": 12, "world_miners": 6, "ai_firms": 4}
SMALL = {"miners": 30, "world_miners": 8, "ai_firms": 8}

# An easy network makes mining pay at Pakistani tariffs; short lags and little patience make it happen soon.
LIVELY = {
    "network_hash_start_ehs": 150.0,
    "consider_probability_per_month": 1.0,
    "mining_build_months": 3.0,
    "rig_delivery_months": 4.0,
    "miner_hurdle_npv_mean": 0.0,
    "mining_site_capex_usd_per_mw": 300_000.0,
    "home_miner_size_median_mw": 0.5,
    "bypass_share": 0.8,
    "morale_mean": 0.0,
    "exit_months": 2.0,
    "connection_pace_mw_per_month": 10.0,
    "background_signature": 5.0,
    "enforcement_effectiveness": 1.0,
    "lender_refusal_probability": 0.5,
    "lender_review_months": 3.0,
    "ai_consider_probability_per_month": 0.5,
    "ai_hurdle_npv_mean": 0.0,
    "ai_connection_months": 0.0,
    "ai_build_months": 6.0,
    "ai_funds_over_stage_cost": 4.0,
    "ai_domestic_demand_mw_it": 200.0,
    "ai_queue_attrition_per_month": 0.06,
    "chip_licence_delay_months": 2.0,
}


def lively_scenario(
    regime: str = "pakistan-2025",
    months: int = 8,
    population: Mapping[str, int] | None = None,
    **overrides: float,
) -> Scenario:
    """Scenario of few firms with ``LIVELY`` and further overrides."""
    return load_scenario(
        regime=regime, months=months, population=population or TINY, overrides={**LIVELY, **overrides}
    )


def regime_file(folder: Path, based_on: str, **changes: Any) -> str:
    """Write the base instruments of a shipped regime with changes, without its dated events; returns the
    path.
    """
    regime = load_regime(based_on)
    head = ("name", "title", "home", "currency", "local_per_usd")
    lines = [f"{key} = {json.dumps(getattr(regime, key))}" for key in head]
    lines += ['description = "changed by a test"', "[base]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in {**regime.base, **changes}.items()]
    path = folder / f"{based_on}-{len(list(folder.iterdir()))}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def run_months(model: WattLabModel, months: int, after: Callable[[int], None] = lambda t: None) -> None:
    """Step a model, calling ``after`` with the month's number when it is over; lets go of the model at the
    end.
    """
    try:
        for t in range(months):
            model.step()
            after(t)
    finally:
        model.close()


def relative_gap(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of two arrays, relative to the larger of the two entries; equal entries count
    zero.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    size = np.maximum(np.abs(a), np.abs(b))
    gap = np.abs(a - b)
    return float(np.max(np.divide(gap, size, out=np.zeros_like(size), where=gap > 0.0), initial=0.0))
