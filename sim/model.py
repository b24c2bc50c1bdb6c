"""The model: one month, phase by phase, in the order of design 1.3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from agents.mesa_agent import ColumnAgent, agent_class
from sim.ai_hardware import build_gpu_frontier, publish_hardware, pue_factors
from sim.bitcoin import expect_difficulty, run_network
from sim.books import OPENING_MONTHS, Books
from sim.compute_market import clear_compute
from sim.connection import connect, count_queue
from sim.drivers import build_drivers, conditions_abroad, events_abroad, parameter_events
from sim.enforcement import publish_detection
from sim.engines import ENGINES
from sim.hardware import build_frontier, supply_index, trade_machines
from sim.invariants import check_energy, check_stocks
from sim.labour_market import count_vacancies, publish_hiring
from sim.networks import build_peers
from sim.opening import open_month, show_markets
from sim.parameters import parameter_record
from sim.population import settle
from sim.power import MonthOfPower, PowerSystem
from sim.public import apply_policy, publish_offer
from sim.regimes import policy_timeline
from sim.scenario import Scenario
from sim.state import KINDS, empty_state
from sim.tariffs import publish_tariffs


class WattLabModel(mesa.Model):
    """A country that sells power to miners and AI firms, and the rest of the world; one step is a month."""

    def __init__(self, scenario: Scenario, seed: int = 0, engine: str = "columns") -> None:
        super().__init__(rng=0)
        self.scenario, self.seed = scenario, seed
        self.engine = ENGINES[engine]()
        values = scenario.values()
        self.values = values
        # A full year at least, on which the operator's opening accounts stand
        full_year = replace(scenario, months=max(OPENING_MONTHS, scenario.months))
        self.drivers = build_drivers(full_year, seed, values)
        ordinary = {"ai_holiday_months": values["ai_holiday_ordinary_months"]}
        self.timeline = policy_timeline(
            scenario.regime_data, scenario.start, scenario.months, values["local_per_usd"], ordinary
        )
        self.state = empty_state(scenario.sizes(), self.timeline[:1].copy(), parameter_record(values))
        self.power = PowerSystem(scenario.country_data, values, self.drivers)
        self.frontier = build_frontier(scenario.start, values, scenario.months)
        self.rig_supply = supply_index(self.drivers.labels)
        self.events_abroad = events_abroad(self.drivers.labels, scenario)
        self.conditions_abroad = conditions_abroad(self.drivers.labels)
        self.gpus = build_gpu_frontier(scenario.start, values)
        self.pue_factor = pue_factors(values)
        publish_hardware(self.state.world, self.gpus)
        self.events = parameter_events(scenario, self.drivers.labels)
        self.peers = build_peers(
            seed, len(self.state.miners), int(values["peer_network"]), values["peer_rewired_share"]
        )
        settle(self.state, seed, scenario.country_data, values, self.frontier, scenario.start)
        self.books = Books(self)
        self.forecast_memory = np.zeros(11)
        self.marginal_usd_per_mwh = np.zeros(24)
        self.books.open_power_accounts()
        self.month = 0
        self.agent_sets: dict[str, AgentSet] = {}
        self.running = True

    # The month
    # -------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One month: fourteen phases in this order (design 1.3)."""
        t = self.month
        self.read_drivers(t)  # 1 drivers
        self.set_policy(t)  # 2 policy: timeline, government, lender
        self.form_expectations(t)  # 3 expectations
        self.make_plans()  # 4 entry, orders, status, exit plans
        self.build_and_connect()  # 5 queue and construction
        self.staff()  # 6 labour market
        power = self.dispatch(t)  # 7 twenty-four hours of power
        self.mine_blocks(t)  # 8 bitcoin network
        self.sell_compute(t)  # 9 compute market
        self.settle_accounts(t, power)  # 10 bills, wages, taxes, fees, subsidies, interest
        self.enforce()  # 11 inspections
        self.adjust_tariffs()  # 12 tariff review, consumers, solar
        self.weed_out()  # 13 failures and exits
        self.record(t, power)  # 14 record and check
        self.month += 1
        self.running = self.month < self.scenario.months

    def read_drivers(self, t: int) -> None:
        """Publish the world's own series and this month's draws; start empty flow columns."""
        state, drivers = self.state, self.drivers
        state.begin_month(self.seed, t)
        for name, value in self.events.get(t, ()):
            state.par[name] = value
            self.values[name] = value
        if t % 12 == 0:
            state.world["chips_left_gpus"] = self.values["chip_cap_gpus_per_year"]
        open_month(
            state.world, state.government, state.lender, state.world_miners, t, drivers.month_of_year[t],
            drivers.days[t], drivers.government_draw[t], drivers.lender_draw[t], self.gpus.release_month,
            self.pue_factor, drivers.btc_price_usd[t], drivers.fee_share[t], drivers.height[t],
            self.conditions_abroad, self.events_abroad,
        )  # fmt: skip

    def set_policy(self, t: int) -> None:
        """Apply the regime's timeline, let government and lender review, publish tariffs."""
        state = self.state
        apply_policy(state, self.timeline, t, self.drivers.reversal_draw[t])
        publish_tariffs(
            state.world, state.policy, state.par, state.operator, state.government,
            self.drivers.local_per_usd[t], self.marginal_usd_per_mwh,
        )  # fmt: skip
        self.engine.act(self, "review", "government", "lender")
        publish_offer(state)

    def form_expectations(self, t: int) -> None:
        """Forecast hashprice by each rule, quote machines, let firms choose their forecaster."""
        state = self.state
        show_markets(
            state.miners, self.peers, state.world, state.par, self.forecast_memory,
            self.frontier.release_month, self.rig_supply[self.month],
        )  # fmt: skip
        self.engine.act(self, "expect", "miners", "world_miners")

    def make_plans(self) -> None:
        """Let every firm decide on entry, expansion and renewal."""
        self.engine.act(self, "plan", "miners", "world_miners", "ai_firms")

    def build_and_connect(self) -> None:
        """Connect from the queue, build sites, order machines, clear the second-hand market."""
        state = self.state
        count_queue(state.miners, state.ai_firms, state.operator, state.world, state.par)
        self.engine.act(self, "offer_connections", "operator")
        self.books.converted_mw = connect(
            state.miners, state.ai_firms, state.operator, state.world, state.policy, state.par
        )
        self.engine.act(self, "build", "miners", "world_miners", "ai_firms")
        self.books.trade = trade_machines(state.miners, state.world_miners, state.world, state.par)

    def staff(self) -> None:
        """Set staff targets, train, match, hire."""
        state = self.state
        self.engine.act(self, "recruit", "miners", "ai_firms")
        count_vacancies(state.miners, state.ai_firms, state.skills)
        self.engine.act(self, "train_and_move", "skills")
        self.engine.act(self, "match", "skills")
        publish_hiring(state.world, state.skills)
        self.engine.act(self, "hire", "miners", "ai_firms")

    def dispatch(self, t: int) -> MonthOfPower:
        """Let firms offer their load hour by hour, dispatch the system, remember its prices."""
        state = self.state
        expect_difficulty(state.miners, state.world_miners, state.world, state.par)
        self.engine.act(self, "run", "miners", "world_miners", "ai_firms")
        power = self.power.run_month(state, t)
        check_energy(self.drivers.labels[t], power.demand_mw, self.power.zone, power.result)
        self.marginal_usd_per_mwh = power.price_usd_per_mwh
        return power

    def mine_blocks(self, t: int) -> None:
        """Issue the month's coins on the hash rate that was served."""
        state, drivers = self.state, self.drivers
        self.books.network = run_network(
            state.miners,
            state.world_miners,
            state.world,
            state.par,
            drivers.fee_share[t],
            drivers.height[t],
            drivers.days[t],
        )

    def sell_compute(self, t: int) -> None:
        """Clear the compute market."""
        state, prices = self.state, self.drivers.gpu_price_usd_per_hour
        clear_compute(state.ai_firms, state.world, state.policy, state.par, prices[t], prices[0])

    def settle_accounts(self, t: int, power: MonthOfPower) -> None:
        """Let firms settle, then close the power sector's and the treasury's month."""
        self.engine.act(self, "settle", "miners", "world_miners", "ai_firms")
        self.books.settle_power(t, power)

    def enforce(self) -> None:
        """Spread inspections over illegal load; sites are caught, machines seized and auctioned."""
        state = self.state
        factor = float(state.government["inspection_factor"][0])
        publish_detection(state.miners, state.world, state.policy, state.par, factor)
        self.engine.act(self, "face_inspection", "miners")
        self.books.collect_seizures()

    def adjust_tariffs(self) -> None:
        """Review tariffs; consumers respond and adopt solar."""
        self.engine.act(self, "adjust_tariff", "operator")
        self.engine.act(self, "respond", "consumers")
        self.engine.act(self, "adopt", "consumers")

    def weed_out(self) -> None:
        """Firms that fail leave: fleets are sold, debts repaid or written off."""
        self.engine.act(self, "review_survival", "miners", "world_miners", "ai_firms")

    def record(self, t: int, power: MonthOfPower) -> None:
        """Close the books, check every invariant, record the outputs, let the government see them."""
        self.books.close(t, power)
        check_stocks(self.drivers.labels[t], self.state)

    # Mesa
    # ------------------------------------------------------------------------------------------------------

    def agent_set(self, kind: str) -> AgentSet:
        """Mesa agents of a kind, created when first asked for; their attributes are the columns."""
        if kind not in self.agent_sets:
            made = _agent_classes()[kind]
            members: list[ColumnAgent] = [made(self, record) for record in self.state.agents(kind)]
            self.agent_sets[kind] = AgentSet(members, random=self.random)
        return self.agent_sets[kind]

    @property
    def agents(self) -> AgentSet:
        """All agents of the model as a Mesa AgentSet."""
        for kind in KINDS:
            self.agent_set(kind)
        return self._all_agents

    def close(self) -> None:
        """Let go of what would keep a finished model alive.

        Mesa's class-level counter of ids holds every model for good. Mesa also binds the model's own step to
        it, and the books know their model: such circles keep the arrays of a run until the collector comes.
        """
        self.agent_sets.clear()
        mesa.Agent._ids.pop(self, None)
        for circle in ("step", "_user_step"):
            self.__dict__.pop(circle, None)
        self.books.close_for_good()


_classes: dict[str, Any] = {}


def _agent_classes() -> dict[str, Any]:
    """Mesa agent classes by kind, made once."""
    if not _classes:
        made = {columns: agent_class(columns) for columns in set(KINDS.values())}
        _classes.update({kind: made[columns] for kind, columns in KINDS.items()})
    return _classes
