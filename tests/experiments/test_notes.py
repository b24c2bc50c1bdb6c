"""Settings without effect, prices and refusals are told; a setting said to have no effect has none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments.design import parse_study
from experiments.notes import READ_BY, is_ignored, notes, offer_line, price_line, tariff_rules
from experiments.plan import make_plan
from experiments.scenario_file import Settings, read_settings, settings_toml
from sim import ScenarioError, instruments, load_scenario, simulate
from sim.regimes import load_regime
from tests.experiments.test_cli import TINY

SMALL = {"miners": 30, "world_miners": 20, "ai_firms": 6}


def ends(rule: str, name: str, value: float) -> dict[str, object]:
    held = {"tariff_rule": rule, "tariff_local_per_kwh": 20.0, "tariff_markup": 0.1, name: value}
    scenario = load_scenario(
        months=3, population=SMALL, instruments=held, overrides={"lender_active": 0.0}
    )  # fmt: skip
    return {key: entry["value"] for key, entry in simulate(scenario, seed=1).summary().items()}


@pytest.mark.parametrize("name", list(READ_BY))
def test_a_price_moves_results_under_exactly_the_rules_that_are_said_to_read_it(name: str):
    for rule in instruments()["tariff_rule"].choices:
        moved = ends(rule, name, 0.01) != ends(rule, name, 0.9)
        assert moved != is_ignored(name, [rule]), rule


def test_the_rules_of_a_regime_are_those_of_its_whole_timeline():
    assert tariff_rules(load_regime("kazakhstan"))[0] == "fixed"
    assert tariff_rules(load_regime("kazakhstan"), {"tariff_rule": "time_of_use"}) == ["time_of_use"]


def test_a_price_that_the_rule_ignores_is_told():
    rule = "standard_industrial"
    plain = Settings(months=1, values={"tariff_rule": rule, "tariff_local_per_kwh": 5.0})
    told = notes(plain.scenario(), plain.values)
    expected = f"tariff_local_per_kwh has no effect under tariff_rule = {rule}; it is read by fixed and "
    assert told == [f"{expected}incremental_package"]
    assert notes(load_scenario(months=1), ["tariff_local_per_kwh", "mining_pue"]) == []


def test_a_price_of_an_offer_that_never_opens_is_told():
    scenario = Settings(regime="pakistan-status-quo", months=1, values={"tariff_rule": "fixed"}).scenario()
    assert "never opens the offer" in notes(scenario, ["tariff_local_per_kwh"])[0]


def test_prices_are_told_in_the_currency_of_the_regime_and_in_usd():
    scenario = Settings(regime="kazakhstan", months=1, values={"tariff_local_per_kwh": 10.0}).scenario()
    assert price_line(scenario).startswith(
        "prices of the regime in KZT, 430 per USD: tariff_local_per_kwh = 10 KZT/kWh = 0.02326 USD/kWh"
    )


def test_the_offer_and_its_refusals_are_counted_in_months():
    months = pd.DataFrame(
        {
            "quota_mw": [0.0, 2.0, 2.0, 2.0],
            "offer_refused": [0.0, 1.0, 1.0, 0.0],
            "offer_in_force": [0.0, 0.0, 0.0, 1.0],
        }
    )
    assert offer_line(months).startswith(
        "offer open to newcomers in 1 of 4 months, refused by the lender in 2 ("
    )
    assert offer_line(months[3:]) == "offer open to newcomers in 1 of 1 month, never refused by the lender"
    assert offer_line(months[:1]).startswith("no offer: ")


def copied(path: Path, old: str, new: str) -> str:
    text = Path("sim/data/regimes/pakistan-2025.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


def test_a_home_that_is_nearly_a_country_is_told(tmp_path: Path):
    regime = copied(tmp_path / "deal.toml", 'home = "pakistan"', 'home = "pakstan"')
    assert "did you mean 'pakistan'?" in notes(load_scenario(regime=regime, months=1), [])[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('currency = "PKR"', 'currency = "USD"', "local_per_usd = 281 is not allowed with currency = 'USD'"),
        ('name = "pakistan-2025"', 'name = "My deal"', "'My deal': allowed: letters, digits, - and _"),
    ],
)
def test_a_regime_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, message: str):
    with pytest.raises(ScenarioError) as told:
        load_regime(copied(tmp_path / "deal.toml", old, new))
    assert message in str(told.value)


def test_a_name_with_two_meanings_needs_its_prefix_and_keeps_it_in_a_file(tmp_path: Path):
    with pytest.raises(ScenarioError, match=r"write parameter\.income_tax_rate or regime\.income_tax_rate"):
        Settings(values={"income_tax_rate": 0.1}).scenario()
    both = Settings(months=1, values={"parameter.income_tax_rate": 0.2, "regime.income_tax_rate": 0.1})
    path = tmp_path / "scenario.toml"
    path.write_text(settings_toml(both), encoding="utf-8")
    scenario = read_settings(path).scenario()
    assert scenario.values()["income_tax_rate"] == 0.2
    assert scenario.regime_data.base["income_tax_rate"] == 0.1


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("[overrides]\ntarif_local_per_kwh = 5.0\n", "overrides"),
        ("[design.levels]\ntarif_local_per_kwh = [1.0, 2.0]\n", "design.levels"),
        ('[[design.variants.v]]\nname = "a"\nvalues = { tarif_local_per_kwh = 5.0 }\n', "design.variants, a"),
    ],
)
def test_an_unknown_setting_of_a_study_names_the_table_and_what_was_meant(table: str, where: str):
    with pytest.raises(ScenarioError) as told:
        make_plan(parse_study(TINY + table, "tiny"), "quick")
    message = str(told.value)
    assert f"'tarif_local_per_kwh' in study tiny, {where}; did you mean tariff_local_per_kwh" in message
