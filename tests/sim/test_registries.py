"""Registries: every number has a unit, bounds and a source, every name in the code exists, every row is
read.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import sim
from agents.base import column_types
from agents.policy import Policy
from sim import Output, instruments, list_countries, list_regimes, load_scenario, outputs, parameters
from sim.countries import SKILL_NAMES, load_country
from sim.errors import ModelError
from sim.parameters import DISTRIBUTIONS, STATUSES, parameter_record
from sim.regimes import default_value, load_regime, policy_timeline
from sim.variables import AGGREGATIONS, output_table

ROOT = Path(sim.__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("agents/**/*.py"), *ROOT.glob("sim/**/*.py")])
RECORDS = {"par", "pars[0]", "values", "v"}
POLICIES = {"policy", "policies[0]"}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def names_read(records: set[str]) -> Iterator[tuple[str, str]]:
    """Names read from a record as attribute or by subscript: (place, name pattern)."""
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Attribute | ast.Subscript):
                continue
            owner = ast.unparse(node.value)
            if owner not in records and owner.split(".")[-1] not in records:
                continue
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            if isinstance(node, ast.Attribute):
                yield place, re.escape(node.attr)
            elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield place, re.escape(node.slice.value)
            elif isinstance(node.slice, ast.JoinedStr):
                yield place, pattern_of(node.slice)


def pattern_of(text: ast.JoinedStr) -> str:
    """Regular expression of an f-string: anything where a value is filled in."""
    return "".join(
        re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z]+" for part in text.values
    )


def is_array_member(name: str) -> bool:
    """Whether an attribute belongs to every array rather than to a record's columns."""
    return hasattr(np.zeros(1), name) or hasattr({}, name)


def test_every_parameter_in_the_code_is_registered():
    missing = [
        (place, name)
        for place, name in names_read(RECORDS)
        if not is_array_member(name) and not any(re.fullmatch(name, known) for known in parameters())
    ]
    assert missing == []


def test_the_scan_finds_attributes_subscripts_and_patterns():
    found = {name for _, name in names_read(RECORDS)}
    assert {"mining_availability", "transmission_loss_share", "mining_ops_share_[a-z]+"} <= found
    assert len(found) > 200


def test_every_registered_parameter_is_read():
    patterns = {name for _, name in names_read(RECORDS)}
    unread = {known for known in parameters() if not any(re.fullmatch(name, known) for name in patterns)}
    assert unread == set()


def test_every_instrument_in_the_code_exists_and_every_instrument_is_applied():
    read = {name for _, name in names_read(POLICIES) if not is_array_member(name)}
    assert read - set(instruments()) == set()
    assert set(instruments()) - read == set()


def test_parameters_have_unit_bounds_status_and_provenance():
    assert len(parameters()) > 200
    for name, item in parameters().items():
        assert item.name == name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert item.unit, name
        assert item.block, name
        assert item.symbol, name
        assert item.low <= item.value <= item.high, name
        assert item.status in STATUSES, name
        assert item.distribution in DISTRIBUTIONS, name
        assert item.note if item.status == "assumed" else item.source, name


def test_parameters_that_are_swept_have_an_interval():
    assert [n for n, p in parameters().items() if p.distribution != "fixed" and p.low == p.high] == []


def test_the_parameter_record_holds_the_values_by_name():
    values = load_scenario(overrides={"mining_pue": 1.25}).values()
    record = parameter_record(values)[0]
    assert record.dtype.names == tuple(parameters())
    assert record.mining_pue == 1.25
    assert {name: float(record[name]) for name in record.dtype.names} == values


def test_skill_shares_of_an_occupation_add_to_one():
    for group in ("mining_ops", "ai_ops", "construction"):
        shares = [parameters()[f"{group}_share_{skill}"].value for skill in SKILL_NAMES]
        assert sum(shares) == pytest.approx(1.0, abs=1e-12), group


def test_policy_columns_are_the_instruments_in_order():
    assert list(column_types(Policy)) == list(instruments())


def test_instruments_have_bounds_that_hold_their_defaults():
    for name, item in instruments().items():
        assert item.label, name
        assert item.definition, name
        assert item.kind in ("bool", "choice", "number"), name
        assert (item.kind == "choice") == bool(item.choices), name
        assert item.unit or item.kind != "number", name
        assert item.low <= item.parse(default_value(item), "default") <= item.high, name


@pytest.mark.parametrize("regime", list_regimes())
def test_every_instrument_of_a_shipped_regime_has_a_source(regime):
    loaded = load_regime(regime)
    assert loaded.name == regime
    assert set(loaded.base) == set(loaded.base_sources)
    assert all(loaded.base_sources.values())
    assert all(event.source for event in loaded.event)
    assert loaded.title
    assert loaded.description


def test_the_regimes_of_the_design_are_shipped():
    assert set(list_regimes()) >= {
        "pakistan-2025", "pakistan-incremental", "pakistan-full-cost", "pakistan-status-quo",
        "kazakhstan", "malaysia", "bhutan", "japan", "ban", "auction",
    }  # fmt: skip
    assert set(list_countries()) >= {"pakistan", "kazakhstan", "malaysia", "bhutan", "japan"}


@pytest.mark.parametrize("country", list_countries())
def test_country_values_are_registered_parameters(country):
    loaded = load_country(country)
    assert loaded.name == country
    assert set(loaded.values) <= set(parameters())
    for name, quantity in loaded.values.items():
        assert parameters()[name].low <= quantity.value <= parameters()[name].high, name


@pytest.mark.parametrize("country", list_countries())
def test_shares_and_shapes_of_a_country_are_consistent(country):
    loaded = load_country(country)
    assert sum(item.sales_share for item in loaded.consumer_class) == pytest.approx(1.0, abs=1e-6)
    for item in loaded.consumer_class:
        assert len(item.zone_shares) >= len(loaded.zones), item.name
        assert sum(item.zone_shares[: len(loaded.zones)]) == pytest.approx(1.0, abs=1e-6), item.name
    for season in ("winter", "summer", "shoulder"):
        assert np.mean(getattr(loaded.load_shape, season)) == pytest.approx(1.0, abs=0.01), season
    assert [skill.name for skill in loaded.skill] == list(SKILL_NAMES)
    assert max(sum(plant.capacity_mw for plant in loaded.plant), 1.0) > max(loaded.load_shape.mean_load_mw)


def test_a_timeline_applies_base_then_events_in_order_of_date():
    regime = load_regime("pakistan-2025")
    timeline = policy_timeline(regime, "2025-06", 14, 281.0)
    assert timeline["quota_mw"].tolist() == [2000.0] * 14
    assert timeline["licence_required"].tolist() == [0] * 9 + [1] * 5
    assert timeline["fine_usd_per_mw"].tolist() == [90_000.0] * 9 + [126_000.0] * 5
    early = policy_timeline(regime, "2027-01", 3, 281.0)
    assert early["licence_required"].tolist() == [1, 1, 1]
    late = policy_timeline(regime, "2020-01", 3, 281.0)
    assert late["licence_required"].tolist() == [0, 0, 0]


def test_a_rate_of_minus_one_is_the_ordinary_rate_of_the_host():
    ordinary = {"hardware_duty_rate": 0.07, "ai_holiday_months": 24.0}
    timeline = policy_timeline(load_regime("ban"), "2025-06", 2, 281.0, ordinary)
    assert timeline["hardware_duty_rate"].tolist() == [0.07, 0.07]
    assert timeline["ai_holiday_months"].tolist() == [24.0, 24.0]
    relief = policy_timeline(load_regime("pakistan-2025"), "2025-06", 1, 281.0, ordinary)
    assert relief["hardware_duty_rate"][0] == 0.0


def test_local_prices_are_converted_when_a_regime_travels():
    at_home = policy_timeline(load_regime("pakistan-2025"), "2025-06", 1, 281.0)
    abroad = policy_timeline(load_regime("pakistan-2025"), "2025-06", 1, 84.3)
    assert at_home["tariff_local_per_kwh"][0] == 23.0
    assert abroad["tariff_local_per_kwh"][0] / 84.3 == pytest.approx(23.0 / 281.0, rel=1e-12)
    assert abroad["fine_usd_per_mw"][0] == at_home["fine_usd_per_mw"][0]


def test_outputs_have_unit_label_and_definition():
    for name, output in outputs().items():
        assert output.name == name
        for text in (output.unit, output.label, output.symbol, output.group, output.definition):
            assert text, name
        assert output.aggregation in AGGREGATIONS, name


def test_aggregation_of_a_year():
    values = np.array([1.0, 5.0, 3.0])
    expected = {"sum": 9.0, "mean": 3.0, "last": 3.0, "max": 5.0}
    made = {kind: Output("n", "u", "l", "s", kind, "g", "d").aggregate(values) for kind in AGGREGATIONS}
    assert made == expected


def test_outputs_are_complete_and_finite_or_refused():
    labels, ones = ("2030-01", "2030-02"), np.ones(2)
    columns = {name: ones for name in reversed(outputs())} | {"mining_mw": np.array([5.0, 7.0])}
    table = output_table(labels, columns)
    assert list(table.columns) == list(outputs())
    assert table["mining_mw"].to_dict() == {"2030-01": 5.0, "2030-02": 7.0}
    with pytest.raises(ModelError, match=r"outputs missing or unknown: mining_mw$"):
        output_table(labels, {name: ones for name in columns if name != "mining_mw"})
    with pytest.raises(ModelError, match=r"outputs missing or unknown: snow_m$"):
        output_table(labels, {**columns, "snow_m": ones})
    with pytest.raises(ModelError, match=r"2030-02: output not finite: arrears_usd$"):
        output_table(labels, {**columns, "arrears_usd": np.array([1.0, np.nan])})
