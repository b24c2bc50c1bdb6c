"""The benchmark: its document, the phases it times, and the ordinary Mesa model that it compares with."""

from __future__ import annotations

import ast
import inspect
import json
import math
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from experiments.bench import suite
from experiments.bench.phases import PHASES, run_without_recording
from experiments.bench.timing import Timing, in_turn
from sim import load_scenario, simulate
from sim.model import WattLabModel

pytestmark = pytest.mark.compiled_only
KEYS = {
    "column_run_s", "object_run_s", "object_over_column", "mesa_batch_over_sweep", "runs_per_s_serial",
    "runs_per_s_two_processes", "recording_share", "cold_start_s", "warm_start_s", "peak_memory_mb",
    "memory_growth_mb", "time_by_miners", "time_by_months", "phase_share",
}  # fmt: skip
SMALL = {"miners": 40, "world_miners": 15, "ai_firms": 6}


def test_the_phases_are_the_calls_of_the_month_in_order():
    tree = ast.parse(textwrap.dedent(inspect.getsource(WattLabModel.step)))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ordered = sorted(
        (call for call in calls if isinstance(call, ast.Attribute)), key=lambda call: call.lineno
    )
    assert tuple(call.attr for call in ordered) == PHASES


def test_a_run_without_recording_lives_the_same_months(monkeypatch: pytest.MonkeyPatch):
    scenario, closed = load_scenario(months=3, population=SMALL), []
    close = WattLabModel.close
    monkeypatch.setattr(WattLabModel, "close", lambda model: (closed.append(model), close(model)))
    run_without_recording(scenario, 5)
    result = simulate(scenario, 5)
    bare = closed[0]
    assert bare.books.months_kept == 0
    assert not bare.books.diary.pages.mining_costs.any()
    for kind, records in result.records.items():
        assert records.tobytes() == bare.state.agents(kind).tobytes(), kind
    assert (bare.books.ledger.flows == result.ledger.flows).all()


def test_median_and_spread_of_known_numbers():
    timing = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert timing.median_s == 3.0
    assert timing.spread == pytest.approx((4.0 - 2.0) / 3.0)
    assert Timing((2.0,)).spread == 0.0


def test_actions_take_turns():
    seen: list[str] = []
    timings = in_turn([lambda: seen.append("a"), lambda: seen.append("b")], 3)
    assert seen == ["a", "b"] * 3
    assert [len(timing.runs_s) for timing in timings] == [3, 3]


@pytest.mark.slow
def test_the_ordinary_mesa_model_follows_the_same_rules():
    months = 12
    done = subprocess.run(
        [sys.executable, "-m", "experiments.bench.plain_mesa", "--months", str(months), "--runs", "7",
         "--population", json.dumps(SMALL)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    plain = json.loads(done.stdout)
    columns = simulate(load_scenario(months=months, population=SMALL), 7).months
    assert plain.keys() == set(columns)
    assert columns["mining_mw"].max() > 0.0
    for name in columns:
        np.testing.assert_allclose(plain[name], columns[name], rtol=1e-9, atol=1e-6, err_msg=name)


@pytest.mark.slow
def test_the_document_has_the_documented_keys_and_sensible_values(monkeypatch: pytest.MonkeyPatch):
    for name in ("cold_start", "warm_start"):  # A compilation takes as long as all the rest.
        monkeypatch.setattr(suite, name, lambda times=1: Timing((2.0,)))
    sizes = suite.Sizes(2, 2, 1, 3, 105, (20, 60), (1, 2))
    document = json.loads(json.dumps(suite.bench(sizes, lambda step: None)))
    assert document.keys() == KEYS | {"spread"}
    assert document["object_over_column"] == pytest.approx(
        document["object_run_s"] / document["column_run_s"]
    )
    assert document["phase_share"].keys() == set(PHASES)
    assert math.isclose(sum(document["phase_share"].values()), 1.0, abs_tol=0.1)
    assert document["recording_share"] < 1.0
    assert [size for size, _ in document["time_by_miners"]] == [20, 60]
    assert [size for size, _ in document["time_by_months"]] == [1, 2]
    numbers = [document[name] for name in KEYS if isinstance(document[name], float)]
    assert all(math.isfinite(value) for value in numbers)
