"""The grid's evidence: the sign of new load, and the surplus under the joint prior."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.new_load import margins_by_season, new_load_section
from experiments.results import Results

PURE = 0.9
RIGHT_ON_PAPER_PKR_PER_KWH = 22.98


def test_new_load_lowers_others_bills_where_imported_coal_serves_it_and_not_where_imported_gas_does(
    results: Results,
):
    """B11, from simulation: strict signs, under every combination of the joint prior."""
    frame = results.evidence("grid_new_load")
    coal = frame[frame["imported_coal_share"] >= PURE]
    gas = frame[frame["rlng_share"] >= PURE]
    assert len(coal) >= 10
    assert len(gas) >= 3
    assert (coal["others_bills_pkr_bn"] < 0.0).all()
    assert (gas["others_bills_pkr_bn"] >= 0.0).all()
    both = frame[frame["imported_coal_share"] + frame["rlng_share"] >= PURE]
    slope = both["margin_pkr_per_kwh"].corr(both["rlng_share"])
    assert slope < -0.5


def test_bills_change_by_what_the_new_load_leaves_uncovered(results: Results):
    frame = results.evidence("grid_new_load")
    expected = -frame["margin_pkr_per_kwh"] * frame["energy_gwh"] / 1000.0
    pd.testing.assert_series_equal(frame["others_bills_pkr_bn"], expected, check_names=False, rtol=1e-9)
    assert frame["margin_pkr_per_kwh"].max() < RIGHT_ON_PAPER_PKR_PER_KWH


@pytest.mark.parametrize("zone", ["south", "north", "better zone"])
def test_fewer_hours_for_a_larger_block_and_for_a_lower_price(results: Results, zone: str):
    frame = results.evidence("grid_surplus")
    frame = frame[frame["zone"] == zone].astype({"limit": str})
    for _, curve in frame.groupby(["combination", "limit"]):
        assert curve.sort_values("block_mw")["hours"].is_monotonic_decreasing
    table = frame.pivot_table(index=["combination", "block_mw"], columns="limit", values="hours")
    assert (table["22.98"] <= table["35"]).all()
    assert (table["35"] <= table["any"]).all()


def test_hours_of_a_year_close_energy_by_zone(results: Results):
    """Output and inflow meet demand in every hour, or something was shed or curtailed."""
    hours = results.evidence("grid_hours")
    output = hours[
        [name for name in hours if name.endswith("_mw") and name not in ("demand_mw", "inflow_mw")]
    ]
    gap = (output.sum(axis=1) + hours["inflow_mw"] - hours["demand_mw"]) / hours["demand_mw"]
    assert gap.abs().max() < 1e-9


class TwoRuns:
    """Two runs of a year under two regimes: the second run's winters in the north cost too much."""

    baseline = "none"

    def label(self, regime: str) -> str:
        return regime.capitalize()

    def months(self, columns: list[str]) -> pd.DataFrame:
        rows = []
        for run, regime in (("a", "none"), ("b", "none"), ("c", "offer")):
            for month in range(1, 13):
                row = {"run_id": run, "regime": regime, "month": f"2030-{month:02d}"}
                row |= dict.fromkeys(columns, 100.0)
                row["margin_south_usd_per_kwh"] = 0.02
                row["margin_north_usd_per_kwh"] = -0.06 if run == "b" and month in (12, 1, 2) else 0.01
                rows.append(row)
        return pd.DataFrame(rows)


def test_the_sign_is_a_probability_by_zone_and_season():
    margins = margins_by_season(TwoRuns())
    share = (margins["margin"] > 0.0).groupby([margins["zone"], margins["season"]]).mean()
    assert share["north", "winter"] == 0.5
    assert share["north", "year"] == 0.5  # (9 x 1 - 3 x 6) / 12 cents
    assert share["north", "summer"] == share["south", "winter"] == 1.0
    lines = new_load_section(TwoRuns())
    assert "| north | 0.50 (−2.5 US cents) |".replace("−", "-") in " ".join(lines)
    assert "- 1,000 MW in the south at or below Rs 22.98: 100 [100 to 100]" in lines


def test_a_study_without_the_grids_outputs_has_no_such_section(results: Results):
    assert new_load_section(results) == []
