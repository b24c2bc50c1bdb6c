"""The world and its clock: load a scenario, simulate it, read the registries."""

from sim.countries import list_countries
from sim.errors import ScenarioError
from sim.parameters import Parameter, parameters
from sim.regimes import Instrument, instruments, list_regimes
from sim.result import Result, simulate
from sim.scenario import Scenario, load_scenario, read_scenario
from sim.variables import Output, outputs

__all__ = [
    "Instrument",
    "Output",
    "Parameter",
    "Result",
    "Scenario",
    "ScenarioError",
    "instruments",
    "list_countries",
    "list_regimes",
    "load_scenario",
    "outputs",
    "parameters",
    "read_scenario",
    "simulate",
]
