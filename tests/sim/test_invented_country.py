"""A country and a regime are two files and no code: an invented pair runs, and all regimes run in it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.cli import main
from sim import list_regimes, load_scenario, simulate
from sim.countries import load_country
from sim.errors import ScenarioError
from sim.parameters import parameters
from sim.regimes import load_regime

FOLDER = Path(__file__).parent / "atlantis"
COUNTRY, REGIME = str(FOLDER / "country.toml"), str(FOLDER / "regime.toml")
GUIDE = Path(__file__).parents[2] / "docs" / "add-a-country.md"
FEW = {"miners": 20, "world_miners": 4, "ai_firms": 4}


@pytest.mark.parametrize("regime", [*list_regimes(), REGIME])
def test_every_regime_runs_in_the_invented_country(regime):
    """Books, energy and stocks are checked in every month of the run itself."""
    months = simulate(load_scenario(COUNTRY, regime, months=8, population=FEW), 1).months
    assert np.isfinite(months.to_numpy()).all()
    assert (months["generation_mwh"] > 0.0).all()
    assert (months["local_per_usd"] < 5.0).all()


def test_the_invented_offer_is_used_and_its_events_arrive():
    scenario = load_scenario(
        COUNTRY, REGIME, months=30, population={"miners": 60, "world_miners": 4, "ai_firms": 2},
        overrides={"network_hash_start_ehs": 250.0, "mining_build_months": 3.0},
    )  # fmt: skip
    months = simulate(scenario, 1).months
    assert months["mining_licensed_mw"].max() > 1.0
    assert (months["tax_levy_usd"].iloc[:12] == 0.0).all()
    assert months["tax_levy_usd"].iloc[12:].sum() > 0.0
    assert (months["tax_licence_usd"][:"2027-05"] == 0.0).all()
    assert months["tax_licence_usd"]["2027-06":].sum() > 0.0


def test_the_command_runs_files_outside_the_package(monkeypatch, capsys):
    arguments = ["run", "--country", COUNTRY, "--regime", REGIME, "--months", "2", "--seed", "3", "--json"]
    monkeypatch.setattr(sys, "argv", ["wattlab", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    document = json.loads(capsys.readouterr().out)
    assert (document["country"], document["regime"], document["seed"]) == ("atlantis", "atlantis-deal", 3)


def local_money() -> list[str]:
    """Parameters in local money that every country has to give."""
    return [line.split(" = ")[0] for line in Path(COUNTRY).read_text().splitlines() if "local" in line[:60]
            and " = {" in line]  # fmt: skip


@pytest.mark.parametrize("name", local_money())
def test_an_amount_in_local_money_has_no_default(tmp_path, name):
    text = re.sub(rf"^{name} = .*\n", "", Path(COUNTRY).read_text(), count=1, flags=re.MULTILINE)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=f"mine.toml, values: {name} is missing"):
        load_country(str(path))


def test_skills_in_another_order_are_refused(tmp_path):
    text = Path(COUNTRY).read_text().replace('name = "software"', 'name = "poetry"')
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=r"mine.toml: skill 5 is 'poetry'; allowed: software"):
        load_country(str(path))


def test_the_guide_names_what_has_no_default_and_its_example_files():
    text = GUIDE.read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert set(local_money()) <= named
    assert {name for name in named if name in parameters()} >= {"country_risk_premium", "gdp_usd"}
    assert "tests/sim/atlantis" in text
    assert set(load_regime(REGIME).base) == set(load_regime(REGIME).base_sources)
