"""Pakistan's power system in months whose books are published: rivers, reactors, fuel costs and demand are
given, which thermal plants run is the model's answer.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim import load_scenario
from sim.drivers import Drivers, days_in_month
from sim.model import WattLabModel
from sim.parameters import data_text
from sim.power import MonthOfPower, PowerSystem
from sim.power_loads import BASE
from sim.state import State

FloatArray = npt.NDArray[np.float64]
Row = dict[str, str]
NOBODY = {"miners": 1, "world_miners": 1, "ai_firms": 1}
# Column of the books by technology of the model's plants.
THERMAL = {
    "thar_coal": "local_coal_gwh",
    "imported_coal": "imported_coal_gwh",
    "gas": "gas_gwh",
    "rlng": "rlng_gwh",
    "oil": "furnace_oil_gwh",
}
TOTAL = "total_gwh"
# River and reactor output of a month is given; the plants it is spread over, in proportion to capacity.
GIVEN = {"nuclear": "nuclear_gwh", "hydro": "hydro_gwh"}


@dataclass(frozen=True)
class Books:
    """Published months that can be simulated, in calendar order."""

    rows: dict[str, Row]

    def known(self, column: str, without: tuple[str, ...] = ()) -> list[str]:
        """Months in which a column was published (and not solved for, where ``without`` names them)."""
        return [month for month, row in self.rows.items() if row[column] and month not in without]

    def values(self, column: str, months: list[str]) -> FloatArray:
        """Values of a column in the months."""
        return np.array([float(self.rows[month][column]) for month in months])


@functools.cache
def target_rows(name: str) -> tuple[Row, ...]:
    """Rows of a file of the targets folder."""
    return tuple(csv.DictReader(data_text("targets", name).splitlines()))


def books(first: str, last: str) -> Books:
    """Books of the months from first to last that state total, river and reactor output."""
    needed = (TOTAL, *GIVEN.values())
    rows = {
        row["month"]: row
        for row in target_rows("pakistan_generation_monthly.csv")
        if first <= row["month"] <= last and all(row[column] for column in needed)
    }
    return Books(rows)


def fuel_costs_before_record(labels: list[str], local_per_usd: float) -> dict[str, FloatArray]:
    """Fuel cost of FY2024 by fuel in USD per MWh: filed months, linear between them, flat outside."""
    rows = target_rows("pakistan_fuel_cost_fy2024.csv")
    position = {row["month"]: _count(row["month"]) for row in rows}
    found = {}
    for fuel in (name for name in rows[0] if name not in ("month", "source")):
        known = [(position[row["month"]], float(row[fuel])) for row in rows if row[fuel]]
        months, costs = zip(*known, strict=True)
        path = np.interp([_count(label) for label in labels], months, costs)
        found[fuel] = path / local_per_usd * 1000.0
    return found


def _count(label: str) -> int:
    return 12 * int(label[:4]) + int(label[5:])


def give_rivers_and_reactors(power: PowerSystem, t: int, row: Row) -> None:
    """Set the factors of rivers and reactors in a month so that their output can be the published one."""
    drivers = power.drivers
    hours, month = 24.0 * float(drivers.days[t]), int(drivers.month_of_year[t]) - 1
    for technology, column in GIVEN.items():
        kind = np.array([plant.technology == technology for plant in power.country.plant])
        mine = kind & (power.online[t] > 0.0)
        usual = power.capacity[mine] * power.availability[mine, month]
        factor = float(row[column]) * 1000.0 / hours / usual.sum()
        power.plant_factor[t, mine & ~power.limited] = factor
        if technology == "hydro":
            drivers.hydro_factor[t] = factor


def give_load(power: PowerSystem, state: State, t: int, row: Row) -> None:
    """Scale a month's ordinary load to the published total output."""
    mean_mw = power.loads(state, t)[BASE].sum() / 24.0
    published_mw = float(row[TOTAL]) * 1000.0 / (24.0 * float(power.drivers.days[t]))
    power.drivers.demand_factor[t] *= published_mw / mean_mw


class ObservedSystem:
    """The power system of the model on published months, without miners, AI firms and accidents."""

    def __init__(self, published: Books, overrides: Mapping[str, float] | None = None) -> None:
        self.books, self.labels = published, list(published.rows)
        scenario = load_scenario(
            "pakistan", "pakistan-status-quo", start="2024-07", months=len(self.labels),
            overrides=overrides, population=NOBODY,
        )  # fmt: skip
        model = WattLabModel(scenario)
        self.state, self.values = model.state, model.values
        self.state.miners["energised_mw"] = 0.0
        self.state.ai_firms["active"] = 0
        self.state.consumers["demand_index"] = 1.0
        self.state.consumers["solar_mw"] = self.state.consumers["solar_start_mw"]
        self.drivers = self._given(model.drivers, scenario.country_data.load_shape.mean_load_mw)
        self.power = PowerSystem(scenario.country_data, self.values, self.drivers)
        for t, label in enumerate(self.labels):
            give_rivers_and_reactors(self.power, t, published.rows[label])
        model.close()

    def run(self, extra_mw: tuple[float, float] = (0.0, 0.0)) -> list[MonthOfPower]:
        """Dispatch every month, with flat new load at the meter by zone (MW, never interrupted)."""
        self._add_load(extra_mw)
        return [self.power.run_month(self.state, t) for t in range(len(self.labels))]

    def energy_gwh(self, months: list[MonthOfPower]) -> dict[str, FloatArray]:
        """Output by technology and month, GWh."""
        names = dict.fromkeys(plant.technology for plant in self.power.country.plant)
        return {
            name: np.array([month.technology_mw[name].sum() * month.days / 1000.0 for month in months])
            for name in names
        }

    def basket(self, months: list[MonthOfPower]) -> FloatArray:
        """Fuel cost over all output by month, local currency per kWh, at the filed mean cost of each fuel."""
        found = []
        for t, month in enumerate(months):
            energy = month.result.gen_mw.sum(axis=1) * month.days
            cost = [
                float(self.drivers.fuel_cost_usd_per_mwh[plant.fuel][t]) if plant.fuel else 0.0
                for plant in self.power.country.plant
            ]
            found.append(float(energy @ np.array(cost)) / energy.sum())
        return np.array(found) * self.values["local_per_usd"] / 1000.0

    def _given(self, drivers: Drivers, mean_load_mw: list[float]) -> Drivers:
        """Drivers of the published months: observed demand and fuel cost, nothing else happens."""
        labels = self.labels

        def ones() -> FloatArray:
            """Every factor has an array of its own, because rivers are set month by month later."""
            return np.ones(len(labels))

        month = np.array([int(label[5:]) for label in labels])
        days = np.array([days_in_month(label) for label in labels])
        load = self.books.values(TOTAL, labels) * 1000.0 / (24.0 * days)
        fuel = drivers.fuel_cost_usd_per_mwh
        if labels[0] < "2024-07":
            fuel = fuel_costs_before_record(labels, self.values["local_per_usd"])
        return replace(
            drivers, labels=tuple(labels), month_of_year=month, days=days, fuel_cost_usd_per_mwh=fuel,
            hydro_factor=ones(), gas_factor=ones(), link_factor=ones(), plant_factor={}, outage_factor=ones(),
            local_per_usd=ones() * self.values["local_per_usd"],
            demand_factor=load / np.array(mean_load_mw)[month - 1],
        )  # fmt: skip

    def _add_load(self, extra_mw: tuple[float, float]) -> None:
        """Let the only miner and the only AI firm stand for new load in the south and the north."""
        miner, other = self.state.miners, self.state.ai_firms
        miner["zone"][0], other["zone"][0] = 0, 1
        miner["load_mw"][0] = extra_mw[0]
        miner["energised_mw"][0] = extra_mw[0]
        miner["compliance"][0] = 0
        other["load_mw"][0] = extra_mw[1]
        other["active"][0] = int(extra_mw[1] > 0.0)
