"""The validation report: shapes, honest misses, and measures against oracles of their own."""

from __future__ import annotations

import json
import sys
from collections import Counter

import numpy as np
import pytest

from experiments.cli import main
from experiments.errors import StudyError
from experiments.validate import (
    Check,
    Target,
    as_document,
    checks_table,
    load_targets,
    summary_line,
    validate,
)
from experiments.validation.grid import FITTED, observed_system, regression_errors, wape
from experiments.validation.grid_months import (
    ObservedSystem,
    books,
    fuel_costs_before_record,
    give_load,
    give_rivers_and_reactors,
    target_rows,
)
from experiments.validation.joint_prior import best_fit, margins, system_of

JOINT = "grid_joint_prior.csv"
GENERATION = "pakistan_generation_monthly.csv"
FIELDS = {"id", "part", "kind", "target", "unit", "simulated", "low", "high", "passed", "source"}


def check(simulated: float, regression: float | None = None, kind: str = "fitted") -> Check:
    return Check(Target("a.b", "a", kind, 10.0, "%", 8.0, 12.0, "why", "who"), simulated, regression)


@pytest.fixture(scope="module")
def report() -> list[Check]:
    return validate("grid")


def test_a_check_passes_inside_its_range_and_nan_never_does() -> None:
    assert check(8.0).passed
    assert check(12.0).passed
    assert check(12.0 * (1.0 + 1e-15)).passed
    assert not check(12.001).passed
    assert not check(float("nan")).passed
    assert as_document([check(float("nan"))])[0]["simulated"] is None


def test_a_regression_wins_only_if_it_is_nearer() -> None:
    assert check(12.0, 11.0).regression_wins
    assert not check(11.0, 9.0).regression_wins
    assert not check(99.0).regression_wins


def test_the_summary_counts_by_kind() -> None:
    line = summary_line([check(10.0), check(20.0), check(10.0, 10.5, "predicted")])
    assert line.startswith("passed: fitted 1 of 2, predicted 1 of 1;")


def test_targets_are_complete_and_lie_in_their_own_range() -> None:
    targets = load_targets("grid")
    assert max(Counter(target.id for target in targets).values()) == 1
    for target in targets:
        assert target.low <= target.target <= target.high, target.id
        assert target.kind in ("fitted", "predicted"), target.id
        assert target.source, target.id
        assert target.tolerance, target.id


def test_every_target_is_measured_and_has_the_published_shape(report: list[Check]) -> None:
    document = as_document(report)
    assert [row["id"] for row in document] == [target.id for target in load_targets("grid")]
    for row in document:
        assert set(row) >= FIELDS
        assert row["passed"] == (row["low"] <= row["simulated"] <= row["high"])
    assert checks_table(report).row_count == len(report)


def test_unknown_part_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    with pytest.raises(StudyError, match="unknown part 'gird'; did you mean 'grid'"):
        validate("gird")
    monkeypatch.setattr(sys, "argv", ["wattlab", "validate", "--part", "gird"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_json_of_the_command_is_the_document(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("experiments.validate.MEASURES", {"grid": lambda: ({"x": 1.0}, {})})
    monkeypatch.setattr(
        "experiments.validate.load_targets",
        lambda part: [Target("grid.x", part, "fitted", 1.0, "MW", 0.0, 2.0, "why", "who")],
    )
    monkeypatch.setattr(sys, "argv", ["wattlab", "validate", "--part", "grid", "--json"])
    with pytest.raises(SystemExit):
        main()
    (row,) = json.loads(capsys.readouterr().out)
    assert row["id"] == "grid.x"
    assert row["passed"] is True


def test_wape_of_a_hand_example() -> None:
    assert wape(np.array([9.0, 22.0]), np.array([10.0, 20.0])) == pytest.approx(10.0)


def test_rivers_reactors_and_demand_of_a_month_are_the_observed_ones() -> None:
    system = observed_system(FITTED)
    months = system.run()
    energy, labels = system.energy_gwh(months), system.labels
    np.testing.assert_allclose(energy["hydro"], system.books.values("hydro_gwh", labels), rtol=1e-3)
    np.testing.assert_allclose(energy["nuclear"], system.books.values("nuclear_gwh", labels), rtol=1e-9)
    total = np.array([month.demand_mw.sum() * month.days / 1000.0 for month in months])
    np.testing.assert_allclose(total, system.books.values("total_gwh", labels), rtol=2e-4)


def test_new_load_is_served_in_the_zone_that_asks_for_it() -> None:
    system = observed_system(FITTED)
    base, more = system.run(), system.run((0.0, 485.0))
    delivery = 1.0 - system.values["transmission_loss_share"]
    for before, after in zip(base, more, strict=True):
        np.testing.assert_allclose(after.demand_mw[0], before.demand_mw[0])
        np.testing.assert_allclose(after.demand_mw[1] - before.demand_mw[1], 485.0 / delivery)


def test_regression_is_the_least_squares_line_of_the_fitted_year() -> None:
    published = books("2024-07", "2025-06")
    known = [month for month in published.rows if month != "2024-09"]
    x = sum(published.values(name, known) * sign for name, sign in
            (("total_gwh", 1.0), ("hydro_gwh", -1.0), ("nuclear_gwh", -1.0)))  # fmt: skip
    y = published.values("rlng_gwh", known)
    slope = ((x - x.mean()) @ (y - y.mean())) / ((x - x.mean()) @ (x - x.mean()))
    line = y.mean() + slope * (x - x.mean())
    expected = np.abs(line - y).sum() / y.sum() * 100.0
    assert regression_errors()["fy2025.rlng.wape"] == pytest.approx(expected)


def test_fuel_costs_between_filings_are_linear() -> None:
    costs = fuel_costs_before_record(["2023-08", "2023-12", "2024-01", "2024-05"], 281.0)
    local = costs["local_gas"] * 281.0 / 1000.0
    assert local[0] == pytest.approx(13.219)
    assert local[1] == pytest.approx(14.6197 + (13.6875 - 14.6197) / 4.0)
    assert local[2] == pytest.approx(14.6197 + (13.6875 - 14.6197) / 2.0)
    assert local[3] == pytest.approx(13.1974)


def test_published_fuels_of_a_month_do_not_exceed_its_total() -> None:
    fuels = [name for name in target_rows(GENERATION)[0] if name.endswith("_gwh") and name != "total_gwh"]
    for row in target_rows(GENERATION):
        known = [float(row[name]) for name in fuels if row[name]]
        total = float(row["total_gwh"])
        assert sum(known) <= total * 1.003, row["month"]
        if len(known) == len(fuels):
            assert sum(known) == pytest.approx(total, rel=0.003), row["month"]


def test_load_rivers_and_reactors_of_a_published_month_can_be_given() -> None:
    row = books("2026-01", "2026-01").rows["2026-01"]
    system = ObservedSystem(books("2024-07", "2025-06"))
    january = system.labels.index("2025-01")
    give_rivers_and_reactors(system.power, january, row)
    give_load(system.power, system.state, january, row)
    months = system.run()
    assert months[january].demand_mw.sum() * months[january].days / 1000.0 == pytest.approx(9140.0)
    energy = system.energy_gwh(months)
    assert energy["nuclear"][january] == pytest.approx(1534.0)
    assert energy["hydro"][january] == pytest.approx(713.0, rel=1e-3)


def test_shipped_joint_prior_is_what_the_model_gives() -> None:
    row = min(target_rows(JOINT), key=lambda item: float(item["score"]))
    system = system_of(
        float(row["imported_coal_availability"]), float(row["imported_coal_wedge_local_per_kwh"])
    )
    again = best_fit(system, float(row["link_mw"]), [])
    again |= margins(system)
    for name, value in again.items():
        assert value == pytest.approx(float(row[name]), rel=1e-3, abs=1e-3), name


def test_joint_prior_is_joint_and_leaves_the_sign_open() -> None:
    equal = [row for row in target_rows(JOINT) if float(row["about_equal"]) == 1.0]
    for name in ("imported_coal_availability", "imported_coal_wedge_local_per_kwh", "link_mw"):
        assert len({row[name] for row in equal}) > 1, name
    signs = {float(row["margin_south_winter_pkr_per_kwh"]) > 0.0 for row in equal}
    assert signs == {True, False}


def test_margin_is_what_the_load_pays_less_what_it_costs() -> None:
    system = system_of(0.85, 0.0)
    system.power.values["link_mw"] = 0.0
    margin = margins(system)
    # Behind a closed link the south has idle coal all year: the load costs coal, its upkeep and line losses.
    coal = system.drivers.fuel_cost_usd_per_mwh["imported_coal"] * system.values["local_per_usd"] / 1000.0
    dearest = (1.06 * coal.max() + 1.0) / (1.0 - system.values["transmission_loss_share"])
    for season in ("winter", "summer", "shoulder"):
        assert margin[f"margin_south_{season}_pkr_per_kwh"] > 22.98 - dearest
