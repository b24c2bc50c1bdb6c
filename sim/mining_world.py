"""The world's miners alone: the same rules and markets as in a full run, without a host country around them.

A hindcast of world hash rate needs no grid, no AI firms and no home miners. This loop runs the bitcoin phases
of ``sim.model`` on the firms abroad only, which takes milliseconds instead of seconds.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.base import new_records
from agents.miner import Miner
from agents.policy import Policy
from agents.world import WORLD_MINER_DRAWS, World
from sim.bitcoin import (
    expect_difficulty,
    observe_hashprice,
    run_network,
    strike_sites_abroad,
    update_forecasts,
)
from sim.compiled import agent_loop
from sim.drivers import Drivers, build_drivers, conditions_abroad, events_abroad
from sim.hardware import Frontier, build_frontier, quote_machines, supply_index, trade_machines
from sim.parameters import parameter_record
from sim.population import settle_network, settle_world_miners
from sim.scenario import Scenario
from sim.state import flow_view
from sim.streams import uniforms

FloatArray = npt.NDArray[np.float64]


@dataclass
class MiningWorld:
    """Firms abroad, the observation they share, and the month that has been reached."""

    drivers: Drivers
    frontier: Frontier
    supply: FloatArray
    events: FloatArray
    conditions: FloatArray
    draws: FloatArray
    firms: np.ndarray
    world: np.ndarray
    par: np.ndarray
    policy: np.ndarray
    nobody: np.ndarray
    memory: FloatArray = field(default_factory=lambda: np.zeros(11))
    month: int = 0

    def step(self) -> None:
        """One month of the phases that concern the bitcoin network (design 1.3: 1, 3-5, 7, 8, 10, 13)."""
        t, drivers, world, par = self.month, self.drivers, self.world, self.par
        flow_view(self.firms)[:] = 0.0
        self.firms["draws"][:, : self.draws.shape[2]] = self.draws[t]
        world["month"], world["days"] = t, drivers.days[t]
        observe_hashprice(
            world, drivers.btc_price_usd[t], drivers.fee_share[t], drivers.height[t], drivers.days[t]
        )
        world["site_cost_factor_abroad"], world["power_season_abroad"] = self.conditions[t]
        strike_sites_abroad(self.firms, world, *self.events[t])
        update_forecasts(world, par, self.memory)
        quote_machines(world, par, self.frontier.release_month, self.supply[t])
        for procedure in ("expect", "plan", "build"):
            self.act(procedure)
        trade_machines(self.nobody, self.firms, world, par)
        expect_difficulty(self.nobody, self.firms, world, par)
        self.act("run")
        run_network(
            self.nobody, self.firms, world, par, drivers.fee_share[t], drivers.height[t], drivers.days[t]
        )
        self.act("settle")
        self.act("review_survival")
        self.month += 1

    def act(self, procedure: str) -> None:
        """Let every firm carry out a procedure."""
        agent_loop(getattr(Miner, procedure))(self.firms, self.world, self.policy, self.par)

    def copy(self) -> MiningWorld:
        """A second world in the same state, to look ahead from here."""
        twin = copy.copy(self)
        twin.firms, twin.world = self.firms.copy(), self.world.copy()
        twin.memory = self.memory.copy()
        return twin

    def assimilate(self, hash_ehs: float) -> None:
        """Scale sites, fleets and orders so that the network has the hash rate that was observed."""
        factor = hash_ehs / float(self.world["network_hash_ehs"][0])
        for name in ("fleet_ths", "order_ths", "used_order_ths", "site_mw", "building_mw"):
            self.firms[name] *= factor
        self.world["network_hash_ehs"] = hash_ehs

    def observe(self) -> dict[str, Any]:
        """The last month's network (EH/s, J/TH at the machine, USD/PH/day) and machine market; by
        generation: prices (USD per TH/s), and hash rate of the machines owned (EH/s).
        """
        world, firms = self.world[0], self.firms
        power_mw = float((firms["energised_mw"] / firms["pue"]).sum())
        running_ehs = float(firms["mean_hash_ehs"].sum())
        return {
            "hash_ehs": float(world.network_hash_ehs),
            "j_per_th": power_mw / running_ehs if running_ehs > 0.0 else float("nan"),
            "hashprice": float(world.hashprice_usd_per_ph_day),
            "orders_gw": float(world.rig_orders_gw_per_month),
            "supply_gw": float(world.rig_supply_gw_per_month),
            "markup": float(world.rig_markup),
            "delivery_months": float(world.delivery_months),
            "firms": float(firms["active"].sum()),
            "exits": float(firms["left"].sum()),
            "price_usd_per_ths": world.rig_price_usd_per_ths.copy(),
            "spot_usd_per_ths": world.rig_spot_usd_per_ths.copy(),
            "fleet_ehs": firms["fleet_ths"].sum(axis=0) / 1e6,
        }

    def run(self, months: int) -> dict[str, FloatArray]:
        """Step through months and collect what each one shows (see ``observe``); first axis: month."""
        rows = []
        for _ in range(months):
            self.step()
            rows.append(self.observe())
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def build_mining_world(scenario: Scenario, seed: int = 0) -> MiningWorld:
    """Set up the firms abroad of a scenario; its country and regime play no part."""
    values = scenario.values()
    drivers = build_drivers(scenario, seed, values)
    count = scenario.population["world_miners"]
    frontier = build_frontier(scenario.start, values, scenario.months)
    firms, world = new_records(Miner, count), new_records(World, 1)
    settle_network(world, values, frontier, scenario.start)
    world["local_per_usd"] = 1.0
    settle_world_miners(firms, seed, values, frontier, scenario.start)
    months = np.repeat(np.arange(scenario.months), count)
    agents = np.tile(np.arange(count), scenario.months)
    draws = uniforms(seed, "world_miner_month", months, agents, WORLD_MINER_DRAWS)
    return MiningWorld(
        drivers, frontier, supply_index(drivers.labels), events_abroad(drivers.labels, scenario),
        conditions_abroad(drivers.labels),
        draws.reshape(scenario.months, count, WORLD_MINER_DRAWS), firms, world, parameter_record(values),
        new_records(Policy, 1), new_records(Miner, 1),
    )  # fmt: skip
