"""A scenario file, written, read and run, is the same scenario; a mistake in it is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.errors import StudyError
from experiments.scenario_file import Settings, read_settings, settings_toml
from sim import ScenarioError, load_scenario

SETTINGS = Settings(
    regime="ban",
    months=24,
    seed=4,
    seeds=2,
    values={"mining_pue": 1.2, "quota_mw": 500.0, "offer_open": True},
)


def test_a_written_file_reads_as_the_same_settings(tmp_path: Path):
    path = tmp_path / "scenario.toml"
    path.write_text(settings_toml(SETTINGS), encoding="utf-8")
    assert read_settings(path) == SETTINGS
    assert list(SETTINGS.all_seeds()) == [4, 5]


def test_values_name_parameters_and_instruments():
    expected = load_scenario(
        regime="ban",
        months=24,
        overrides={"mining_pue": 1.2},
        instruments={"quota_mw": 500.0, "offer_open": True},
    )
    assert SETTINGS.scenario().hash == expected.hash
    with pytest.raises(ScenarioError, match="unknown parameter or instrument 'pue'"):
        Settings(values={"pue": 1.0}).scenario()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("regime = ", "not valid TOML"),
        ("regmie = 'ban'", "unknown field 'regmie'; did you mean 'regime'"),
        ("months = 1.5", "months = 1.5 is not allowed; it has to be a whole number"),
        ("seeds = 0", "seeds = 0 is not allowed; at least 1"),
        ("[set]\nquota_mw = [1, 2]", "set.quota_mw has to be a number"),
    ],
)
def test_a_mistake_is_one_line_with_the_file(tmp_path: Path, text: str, message: str):
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as told:
        read_settings(path)
    assert message in str(told.value)
    assert str(told.value).startswith(f"{path}: ")


def test_a_missing_file_is_one_line(tmp_path: Path):
    with pytest.raises(StudyError, match="no such file"):
        read_settings(tmp_path / "none.toml")
