"""The model: one month, phase by phase, in the order of design 1.3."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from agents.base import DRAWS
from agents.firm import FLOWS
from agents.mesa_agent import ColumnAgent, agent_class
from sim.bitcoin import observe_hashprice, run_network, update_forecasts
from sim.compute_market import clear_compute
from sim.connection import connect_ai, connect_miners, count_queue
from sim.drivers import build_drivers, table
from sim.enforcement import collect_seizures, publish_detection
from sim.engines import ENGINES
from sim.hardware import build_frontier, quote_machines, trade_machines
from sim.invariants import check_energy, check_people, check_stocks
from sim.labour_market import count_vacancies, publish_hiring
from sim.ledger import Ledger
from sim.parameters import parameter_record
from sim.population import settle
from sim.power import MonthOfPower, PowerSystem
from sim.recorder import Typical, month_row
from sim.regimes import months_between, policy_timeline
from sim.scenario import Scenario
from sim.settlement import PowerAccounts, check_books, post_firms, post_public, settle_power, total
from sim.state import KINDS, empty_state
from sim.streams import uniforms
from sim.tariffs import publish_tariffs
from sim.variables import Recorder
from sim.ledger import A, M

MONTH_DRAWS = {"miners": "miner_month", "world_miners": "world_miner_month", "ai_firms": "ai_month"}
CONNECTED_FIRMS = ("miners", "world_miners", "ai_firms")
