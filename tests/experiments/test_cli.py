"""The command line: what it prints, the shape of its JSON, one clear line for every mistake of a user."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli import main
from experiments.plan import make_plan
from experiments.progress import duration, line
from experiments.runner import Progress, sweep
from experiments.store import Store
from experiments.units import number, quantity
from sim import list_countries, list_regimes, load_scenario, outputs
from tests.experiments.test_runner import assert_same

TINY = """
name = "tiny"
countries = ["pakistan"]
regimes = ["pakistan-2025", "ban"]
baseline = "ban"
months = 2
outputs = ["investment_usd", "jobs_total", "net_fiscal_usd"]
figures = ["outcomes_by_regime"]
population = { miners = 20, world_miners = 10, ai_firms = 4 }
[sizes.quick]
seeds = 2
"""


class Shell:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["wattlab", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self.capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


def test_a_run_as_json_has_the_documented_shape(shell: Shell, tmp_path: Path):
    out = tmp_path / "run"
    code, printed, _ = shell(
        "run",
        "--months",
        2,
        "--seed",
        7,
        "--regime",
        "ban",
        "--set",
        "mining_pue=1.2",
        "--json",
        "--out",
        out,
    )
    assert code == 0
    document = json.loads(printed)
    assert set(document) == {
        "scenario_hash", "country", "regime", "seed", "months", "engine", "wall_s", "summary",
    }  # fmt: skip
    told = {key: document[key] for key in ("country", "regime", "seed", "months", "engine")}
    assert told == {"country": "pakistan", "regime": "ban", "seed": 7, "months": 2, "engine": "columns"}
    assert set(document["summary"]) == set(outputs())
    for name, entry in document["summary"].items():
        assert set(entry) == {"value", "unit", "aggregation"}
        assert entry["aggregation"] == outputs()[name].aggregation
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == document
    months = pd.read_csv(out / "months.csv", skiprows=[1], index_col="month")
    assert months["jobs_total"].iloc[-1] == pytest.approx(document["summary"]["jobs_total"]["value"])
    scenario = json.loads((out / "scenario.json").read_text(encoding="utf-8"))
    assert scenario["parameters"]["mining_pue"] == 1.2
    assert {"days.csv", "agents_miners.csv"} <= {path.name for path in out.iterdir()}


def test_a_run_for_people_is_a_headline_that_says_what_its_numbers_are(shell: Shell):
    code, printed, told = shell("run", "--months", 2)
    assert (code, told) == (0, "")
    assert "real (constant prices) and not discounted" in printed
    assert "in PKR, 281 per USD: tariff_local_per_kwh = 23 PKR/kWh = 0.08185 USD/kWh" in printed
    assert "of 2 months, refused by the lender" in printed
    rows = [re.split(r"\s{2,}", line.strip()) for line in printed.splitlines()]
    told_as = {cells[0]: cells[-1] for cells in rows}
    assert (told_as["Investment"], told_as["All jobs"]) == ("total", "last month")
    assert len(printed.splitlines()) < 24
    assert "Data science jobs" not in printed


def test_all_outputs_of_a_run_are_grouped_with_units(shell: Shell):
    code, printed, _ = shell("run", "--months", 1, "--all")
    assert code == 0
    assert "pakistan-2025 in pakistan, 1 month, seed 1, engine columns" in printed
    groups = [
        printed.index(f"\n{title}") for title in ("Investment and money", "Jobs", "Grid", "Mining", "AI")
    ]
    assert groups == sorted(groups)
    assert "Circular debt" in printed
    assert "billion USD" in printed
    assert not re.search(r"^\w+_\w+", printed, re.MULTILINE), "a heading is a raw name"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--regime", "pakstan-2025"], "unknown regime 'pakstan-2025'; did you mean pakistan-2025"),
        (["run", "--country", "narnia"], "unknown country 'narnia'"),
        (["run", "--country", "none.toml"], "none.toml cannot be read"),
        (["run", "--months", "0"], "months = 0 is not allowed; allowed: 1 to 600"),
        (["run", "--months", "many"], "Invalid value for '--months'"),
        (["run", "--engine", "colums"], "engine = 'colums' is not allowed"),
        (["run", "--set", "mining_pue"], "--set needs name=value, got 'mining_pue'"),
        (["run", "--set", "mining_pue=9"], "mining_pue = 9 is out of range"),
        (["run", "--set", "mining_pue=high"], "mining_pue = 'high' is not a finite number"),
        (["run", "--set", "pue=1.1"], "unknown parameter or instrument 'pue'"),
        (["run", "--set", "tarif_local_per_kwh=5"], "did you mean tariff_local_per_kwh"),
        (["run", "--set", "regime.mining_pue=1.1"], "unknown instrument 'mining_pue'"),
        (["run", "--set", "income_tax_rate=0.1"], "parameter.income_tax_rate or regime.income_tax_rate"),
        (["run", "--set", "lender_active=false"], "lender_active = false is not allowed; allowed: 0 (no) to"),
        (["parameters", "--csv", "--markdown"], "choose --csv or --markdown, not both"),
        (["run", "--set", "mining_pue=1.1", "--set", "mining_pue=1.2"], "--set gives mining_pue twice"),
        (["run", "--out", "{file}/out"], "cannot write"),
        (["run", "--sed", "1"], "No such option: --sed"),
        (["rum"], "No such command 'rum'"),
        (["describe", "mining_pu"], "unknown name 'mining_pu'; did you mean 'mining_pue'"),
        (["describe"], "Missing argument"),
        (["sweep", "headlin"], "unknown study 'headlin'; did you mean 'headline'"),
        (["sweep", "none.toml"], "none.toml: no such file or directory"),
        (["sweep", "{file}.toml"], "not valid TOML"),
        (["sweep", "smoke", "--quick", "--full"], "choose --quick or --full, not both"),
        (["sweep", "smoke", "--workers", "0"], "Invalid value for '--workers'"),
        (["sweep", "smoke", "--out", "{file}/out"], "cannot write"),
        (["reproduce", "--out", "{file}/out"], "cannot write"),
        (["figures", "nowhere"], "nowhere: no such directory"),
        (["figures", "."], "no manifest.json here"),
        (["tables", "nowhere"], "nowhere: no such directory"),
    ],
)
def test_a_mistake_is_one_clear_line(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    file.with_suffix(".toml").write_text("name = ", encoding="utf-8")
    code, printed, told = shell(*(text.replace("{file}", str(file)) for text in arguments))
    assert code == 2
    assert printed == ""
    assert told.startswith("wattlab: ")
    assert told.count("\n") == 1
    assert message in told


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"ban"]', '"bann"]', "unknown regime 'bann'"),
        ('"jobs_total"', '"jobs"', "outputs: unknown output 'jobs'"),
        ('"outcomes_by_regime"', '"outcomes"', "figures: unknown figure 'outcomes'"),
        ("miners = 20", "diggers = 20", "unknown population 'diggers'"),
    ],
)
def test_a_study_that_the_model_does_not_know_is_one_clear_line(
    shell: Shell, tiny: Path, old: str, new: str, message: str
):
    text = TINY.replace(old, new).replace('baseline = "ban"', 'baseline = "pakistan-2025"')
    tiny.write_text(text, encoding="utf-8")
    code, _, told = shell("sweep", tiny, "--out", tiny.parent / "out")
    assert (code, told.count("\n")) == (2, 1)
    assert message in told


def test_a_level_that_changes_nothing_is_refused(shell: Shell, tiny: Path):
    tiny.write_text(f"{TINY}[design.levels]\nmining_pue = [1.1, 1.1]\n", encoding="utf-8")
    code, _, told = shell("sweep", tiny, "--out", tiny.parent / "out")
    assert code == 2
    assert "the same run at two design points" in told


def test_sweep_figures_and_tables_of_the_model(shell: Shell, tiny: Path):
    out = tiny.parent / "out"
    code, printed, _ = shell("sweep", tiny, "--out", out, "--workers", 1)
    assert code == 0
    assert printed.startswith(f"4 runs in {out}; ")
    code, printed, _ = shell("sweep", tiny, "--out", out, "--workers", 1)
    assert "4 runs in" in printed
    assert "4 of them from before" in printed
    code, printed, _ = shell("figures", out)
    assert code == 0
    assert str(out / "figures" / "outcomes_by_regime.pdf") in printed
    code, printed, _ = shell("tables", out)
    assert code == 0
    assert (out / "results.md").exists()
    months = Store(out).read("months")
    assert len(months) == 4 * 2
    assert set(outputs()) < set(months.columns)


@pytest.mark.slow
def test_the_model_gives_the_same_bits_on_two_processes(tiny: Path):
    from experiments.design import load_study

    study = load_study(tiny)
    found = [
        sweep(study, "quick", tiny.parent / name, workers=count) for name, count in (("one", 1), ("two", 2))
    ]
    assert [each.errors for each in found] == [(), ()]
    assert_same(tiny.parent / "one", tiny.parent / "two")


def test_a_run_in_a_sweep_equals_the_same_run_alone(tiny: Path):
    from experiments.design import load_study
    from sim import load_scenario, simulate

    study = load_study(tiny)
    task = make_plan(study, "quick").tasks[-1]
    sweep(study, "quick", tiny.parent / "out", workers=1)
    rows = Store(tiny.parent / "out").read("runs").set_index("run_id")
    scenario = load_scenario("pakistan", regime=task.regime, months=2, population=study.population)
    assert scenario.hash == task.scenario_hash
    alone = simulate(scenario, seed=task.spec.seed).summary()
    stored = rows.loc[task.run_id, list(outputs())].astype(float).to_dict()
    assert stored == {name: entry["value"] for name, entry in alone.items()}


def test_an_interrupted_sweep_says_how_to_go_on(shell: Shell, tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("experiments.runner.StopRequest.is_requested", lambda self: True)
    code, printed, told = shell("sweep", tiny, "--out", tiny.parent / "out", "--workers", 1)
    assert (code, printed) == (130, "")
    assert f"stopped: 0 of 4 runs are stored in {tiny.parent / 'out'}; the same command goes on" in told


def test_the_lists_name_everything(shell: Shell):
    assert all(name in shell("regimes")[1] for name in list_regimes())
    assert all(name in shell("countries")[1] for name in list_countries())
    assert all(name in shell("outputs")[1] for name in outputs())
    header, *rows = shell("parameters", "--csv")[1].splitlines()
    assert header.startswith("block,name,symbol,unit,value")
    assert any(",mining_pue," in row for row in rows)
    assert "mining_pue" in shell("parameters")[1]
    assert shell("outputs", "--csv")[1].startswith("group,name,unit")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("kazakhstan", ["regime kazakhstan", "levy_local_per_kwh", "allowed", "source"]),
        ("pakistan", ["country pakistan", "PKR", "measured"]),
        ("mining_pue", ["parameter mining_pue", "unit", "status"]),
        ("quota_mw", ["instrument quota_mw", "output quota_mw", "MW"]),
        ("net_fiscal_usd", ["output net_fiscal_usd", "USD", "sum"]),
    ],
)
def test_describe_explains_any_name(shell: Shell, name: str, parts: list[str]):
    code, printed, _ = shell("describe", name)
    assert code == 0
    assert all(part in printed for part in parts)


@pytest.mark.parametrize("width", [80, 120])
def test_names_can_be_copied_from_an_explanation_at_the_width_that_is_asked(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, width: int
):
    monkeypatch.setenv("COLUMNS", str(width))
    printed = shell("describe", "pakistan-2025")[1]
    words = printed.split()
    for name in load_scenario(regime="pakistan-2025", months=1).regime_data.base:
        assert name in words
    assert max(map(len, printed.splitlines())) <= width
    assert "-1: as in the country (-1 to 0.6)" in printed
    assert "23 PKR/kWh (0 to 1,000)" in printed


def test_without_a_command_the_help_is_shown(shell: Shell):
    code, printed, _ = shell()
    assert code == 0
    assert "reproduce" in printed
    assert shell("--version")[1].startswith("wattlab ")


def test_the_command_line_starts_without_the_heavy_packages():
    heavy = {"sim", "mesa", "numba", "pandas", "matplotlib", "scipy", "pydantic", "pyarrow"}
    script = f"import sys; import experiments.cli; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in ("[]", "['pydantic']")  # Typer itself may use pydantic.


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1_234_567_890.0, "USD", ("1.235", "billion USD")),
        (-48_000.0, "USD", ("-48,000", "USD")),
        (0.0, "USD", ("0", "USD")),
        (2_500_000.0, "MWh", ("2.5", "TWh")),
        (3_400_000.0, "t CO2", ("3.4", "Mt CO2")),
        (0.1234, "share", ("12.34", "%")),
        (0.0, "share", ("0", "%")),
        (2000.0, "MW", ("2,000", "MW")),
        (1.5, "1", ("1.5", "")),
        (float("nan"), "MW", ("n/a", "MW")),
    ],
)
def test_quantities_are_written_in_a_suitable_scale(value, unit, shown):
    assert quantity(value, unit) == shown


def test_numbers_keep_their_significant_digits():
    shown = [number(value) for value in (123456.0, 99.999, 0.00012345, 1e-12, -0.5)]
    assert shown == ["123,456", "100", "0.0001234", "1e-12", "-0.5"]


def test_durations_and_progress_lines_are_for_people(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("experiments.runner.time.monotonic", lambda: 20.0)
    assert [duration(s) for s in (8.4, 125.0, 12_000.0, float("inf"))] == [
        "8 s",
        "2 min 5 s",
        "3 h 20 min",
        "?",
    ]
    running = Progress(total=50, stored_before=10, done=24, failed=1, warm_done=4, warm_since=10.0)
    assert line(running) == "34 of 50 runs, 2.00 runs/s, 8 s left, 1 failed"
    first = Progress(total=50, started=20.0)
    assert line(first) == "0 of 50 runs, starting"
    first.add(10)
    assert line(first) == "10 of 50 runs, starting"
    assert line(Progress(total=3, done=3, warm_done=3)) == "3 of 3 runs"
