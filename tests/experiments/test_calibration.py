"""Calibration: it recovers what it should, reports what is not identified, and writes the registry."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from experiments.calibration import (
    Calibration,
    fit,
    free_bounds,
    load_calibration,
    simulated_measures,
    write_calibrated,
)
from experiments.errors import StudyError

FIELDS = {
    "name": "made-up",
    "country": "pakistan",
    "regime": "pakistan-2025",
    "months": 3,
    "seeds": [1],
    "trials": 60,
    "population": {"miners": 20, "world_miners": 10, "ai_firms": 4},
}
BOUNDS = {"a": (0.0, 1.0), "b": (0.0, 2.0)}
FILE = """
name = "made-up"
country = "pakistan"
regime = "pakistan-2025"
months = 3
seeds = [1]
[free.mining_availability]
[[target]]
id = "bills"
output = "consumer_bill_usd"
first = "2025-06"
last = "2025-08"
value = 1.0e9
tolerance = 1.0e8
source = "made up"
[[target]]
id = "hash"
output = "world_hash_ehs"
first = "2025-08"
value = 900.0
tolerance = 10.0
source = "made up"
"""


def target(name: str, value: float, output: str = "world_hash_ehs", tolerance: float = 0.05) -> dict:
    known = {"id": name, "output": output, "value": value, "tolerance": tolerance}
    return {**known, "first": "2025-08", "source": "made up"}


def measures(values: dict[str, float]) -> dict[str, float]:
    return {
        "sum": values["a"] + values["b"],
        "product": values["a"] * values["b"],
        "square": values["a"] ** 2,
    }


@pytest.mark.parametrize("truth", [{"a": 0.3, "b": 1.5}, {"a": 0.8, "b": 0.4}])
def test_known_parameters_are_recovered_from_what_they_produce(truth: dict[str, float]):
    made = [target(name, value) for name, value in measures(truth).items()]
    calibration = Calibration.model_validate(
        {**FIELDS, "trials": 150, "free": {"a": {}, "b": {}}, "target": made}
    )
    found = fit(calibration, BOUNDS, measures)
    assert found.values == pytest.approx(truth, abs=0.06)
    assert max(abs(miss) for miss in found.misses.values()) < 1.0
    assert fit(calibration, BOUNDS, measures) == found
    for name, value in truth.items():
        low, high = found.equally_good[name]
        assert low - 0.03 <= value <= high + 0.03
        assert high - low < 0.5 * (BOUNDS[name][1] - BOUNDS[name][0])


def test_what_the_targets_do_not_identify_has_a_wide_range():
    def only_a(values: dict[str, float]) -> dict[str, float]:
        return {"one": values["a"], "two": 2.0 * values["a"], "three": values["a"] ** 2}

    made = [target(name, value) for name, value in only_a({"a": 0.5}).items()]
    calibration = Calibration.model_validate({**FIELDS, "free": {"a": {}, "b": {}}, "target": made})
    found = fit(calibration, BOUNDS, only_a)
    assert np.diff(found.equally_good["b"])[0] > 1.0
    assert np.diff(found.equally_good["a"])[0] < 0.4


@pytest.mark.slow
def test_the_model_recovers_a_parameter_from_its_own_output():
    truth = 0.06
    outputs = ("others_energy_mwh", "consumer_bill_usd", "generation_mwh")
    empty = [target(name, 0.0, name) for name in outputs]
    fields = {**FIELDS, "trials": 24, "free": {"demand_growth_per_year": {}}}
    seen = simulated_measures(Calibration.model_validate({**fields, "target": empty}))(
        {"demand_growth_per_year": truth}
    )
    made = [target(name, value, name, abs(value) * 1e-3) for name, value in seen.items()]
    calibration = Calibration.model_validate({**fields, "target": made})
    found = fit(calibration, {"demand_growth_per_year": (-0.03, 0.08)}, simulated_measures(calibration))
    assert found.values["demand_growth_per_year"] == pytest.approx(truth, abs=0.01)


def test_the_registry_gets_value_status_source_and_date_and_keeps_everything_else(tmp_path: Path):
    from sim.parameters import data_text

    path = tmp_path / "parameters.csv"
    before = data_text("parameters.csv")
    path.write_text(before, encoding="utf-8")
    write_calibrated(
        path, {"mining_availability": 0.93217}, target_set="made-up", date="2026-11-25", note="n"
    )
    after = path.read_text(encoding="utf-8")
    old, new = before.splitlines(), after.splitlines()
    changed = [place for place, line in enumerate(old) if line != new[place]]
    assert len(old) == len(new)
    assert [next(csv.reader([new[place]]))[1] for place in changed] == ["mining_availability"]
    row = next(row for row in csv.DictReader(new) if row["name"] == "mining_availability")
    assert (row["value"], row["status"], row["source"]) == ("0.9322", "calibrated", "calibration made-up")
    assert row["locator"] == "fitted on 2026-11-25"
    with pytest.raises(StudyError, match="no row for mining_avail"):
        write_calibrated(path, {"mining_avail": 0.9}, target_set="made-up", date="2026-11-25", note="n")
    assert path.read_text(encoding="utf-8") == after


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[free.mining_availability]", "[free.x]\n[free.y]", "2 targets cannot determine 2 parameters"),
        ('id = "hash"', 'id = "bills"', "an id is given twice"),
        ("tolerance = 10.0", "tolerance = 0.0", "greater than 0"),
        ("months = 3", "months = ", "not valid TOML"),
        ('source = "made up"\n[[', 'source = ""\n[[', "at least 1 character"),
    ],
)
def test_a_calibration_that_cannot_work_is_one_clear_line(tmp_path: Path, old: str, new: str, message: str):
    path = tmp_path / "fit.toml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError, match=message) as told:
        load_calibration(path)
    assert "\n" not in str(told.value)


def test_parameters_that_the_country_sets_are_calibrated_there(tmp_path: Path):
    path = tmp_path / "fit.toml"
    path.write_text(FILE, encoding="utf-8")
    assert set(free_bounds(load_calibration(path))) == {"mining_availability"}
    for name, message in (("mining_pue", "set by country pakistan"), ("no_such", "unknown parameter")):
        path.write_text(FILE.replace("mining_availability", name), encoding="utf-8")
        with pytest.raises(StudyError, match=message):
            free_bounds(load_calibration(path))
    path.write_text(FILE.replace("world_hash_ehs", "world_hash"), encoding="utf-8")
    with pytest.raises(StudyError, match="target hash: unknown output"):
        simulated_measures(load_calibration(path))
