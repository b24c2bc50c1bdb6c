"""The Mesa face: real agents whose attributes are columns, and models that can be forgotten."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet

from agents.ai_firm import AiFirm
from agents.base import column_types
from agents.consumer import Consumer
from agents.government import Government
from agents.grid_operator import GridOperator
from agents.lender import Lender
from agents.mesa_agent import ColumnAgent, agent_class
from agents.miner import Miner
from agents.worker import SkillPool
from sim import simulate
from sim.model import WattLabModel
from sim.state import KINDS
from tests.sim.lively import TINY, lively_scenario

SIZES = {**TINY, "skills": 6, "operator": 1, "government": 1, "lender": 1}


def living() -> int:
    """Models that the process still holds."""
    gc.collect()
    return sum(type(thing) is WattLabModel for thing in gc.get_objects())


@pytest.fixture(scope="module")
def model():
    made = WattLabModel(lively_scenario(months=2), seed=1)
    made.step()
    yield made
    made.close()


def test_the_model_is_a_mesa_model_with_an_agent_set(model):
    assert isinstance(model, mesa.Model)
    assert isinstance(model.agents, AgentSet)
    assert all(isinstance(agent, mesa.Agent) for agent in model.agents)
    classes = len(model.scenario.country_data.consumer_class) * len(model.scenario.country_data.zones)
    assert len(model.agents) == sum(SIZES.values()) + classes


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("miners", Miner), ("world_miners", Miner), ("ai_firms", AiFirm), ("consumers", Consumer),
        ("skills", SkillPool), ("operator", GridOperator), ("government", Government), ("lender", Lender),
    ],
)  # fmt: skip
def test_agents_of_a_kind_have_the_procedures_and_columns_of_their_class(model, kind, columns):
    members = model.agent_set(kind)
    assert len(members) == len(model.state.agents(kind))
    for agent, record in zip(members, model.state.agents(kind), strict=True):
        assert isinstance(agent, columns)
        assert isinstance(agent, ColumnAgent)
        assert type(agent).__name__ == columns.__name__
        assert agent.model is model
        for name in column_types(columns):
            assert np.array_equal(getattr(agent, name), record[name]), name


def test_every_kind_has_agents(model):
    assert set(KINDS) == {
        "miners",
        "world_miners",
        "ai_firms",
        "consumers",
        "skills",
        "operator",
        "government",
        "lender",
    }
    assert {type(agent).__name__ for agent in model.agents} == {
        columns.__name__ for columns in KINDS.values()
    }


def test_asking_twice_gives_the_same_agents(model):
    assert model.agent_set("miners") is model.agent_set("miners")
    assert len(model.agents) == len(model.agents)


def test_an_attribute_is_a_column_in_both_directions(model):
    agent, column = list(model.agent_set("miners"))[3], model.state.miners
    kept = column[3].copy()
    agent.cash_usd = 1234.5
    agent.compliance = 2
    agent.load_mw[7] = 0.25
    assert (column["cash_usd"][3], column["compliance"][3], column["load_mw"][3, 7]) == (1234.5, 2, 0.25)
    assert column["cash_usd"][2] != 1234.5
    column["debt_usd"][3] = 77.0
    column["fleet_ths"][3, 5] = 9.0
    assert (agent.debt_usd, agent.fleet_ths[5]) == (77.0, 9.0)
    column[3] = kept
    assert agent.cash_usd == kept["cash_usd"]


def test_flows_are_a_view_of_the_columns(model):
    state = model.state
    kept = float(state.miners["wages_usd"][1])
    state.miners["wages_usd"][1] = 41.0
    assert 41.0 in state.miner_flows[1].flows
    state.miners["wages_usd"][1] = kept


def test_mesa_tools_work_on_the_agents(model):
    table = model.agents.select(lambda agent: type(agent).__name__ == "Miner")
    assert len(table) == TINY["miners"] + TINY["world_miners"]
    cash = sum(table.get("cash_usd"))
    expected = model.state.miners["cash_usd"].sum() + model.state.world_miners["cash_usd"].sum()
    assert cash == pytest.approx(expected, rel=1e-12)
    collector = mesa.DataCollector(
        model_reporters={"month": "month"},
        agenttype_reporters={type(next(iter(table))): {"cash": "cash_usd"}},
    )
    collector.collect(model)
    assert collector.get_model_vars_dataframe()["month"].tolist() == [1]


def test_a_class_gets_the_docstring_and_the_columns_of_its_schema():
    made = agent_class(Lender)
    assert made.__doc__ == Lender.__doc__
    assert made.refusing.__doc__ == "Column refusing of this agent's record."
    assert made.review is Lender.review


def test_a_run_stops_after_its_last_month():
    model = WattLabModel(lively_scenario(months=2), seed=1)
    model.step()
    assert (model.month, model.running) == (1, True)
    model.step()
    assert (model.month, model.running) == (2, False)
    model.close()


@pytest.mark.parametrize("engine", ["columns", "objects"])
def test_a_closed_model_is_freed(engine):
    counters = len(mesa.Agent._ids)
    model = WattLabModel(lively_scenario(months=1), seed=1, engine=engine)
    model.step()
    assert len(model.agents) > 0
    reference = weakref.ref(model)
    model.close()
    del model
    gc.collect()
    assert reference() is None
    assert len(mesa.Agent._ids) == counters


def test_a_model_that_is_not_closed_stays():
    """The reason for close(): the counter of ids in Mesa's Agent class holds every model that made agents."""
    model = WattLabModel(lively_scenario(months=1), seed=1)
    assert len(model.agents) > 0
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is not None
    reference().close()
    gc.collect()
    assert reference() is None


def test_runs_leave_no_model_behind_even_when_one_fails(monkeypatch):
    def fail(self, t):
        raise RuntimeError("a month that fails")

    monkeypatch.setattr(WattLabModel, "mine_blocks", fail)
    before = living()
    with pytest.raises(RuntimeError, match="a month that fails"):
        simulate(lively_scenario(months=1), 1, engine="objects")
    assert living() == before


@pytest.mark.compiled_only
def test_thirty_runs_in_a_process_hardly_grow_its_memory():
    scenario = lively_scenario(months=2)
    for seed in range(3):
        simulate(scenario, seed)
    models = living()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for seed in range(30):
            simulate(scenario, seed, engine="objects" if seed % 6 == 0 else "columns")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A model with its agents and arrays takes more than 0.1 MB: thirty of them would be 3 MB
    assert after - before < 1e6
    assert living() == models
