"""The power system of a month: what plants can do, what the country and the new firms want, and what
dispatch makes of it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.countries import Country
from sim.dispatch import DispatchCase, DispatchResult, clear_month
from sim.drivers import Drivers
from sim.power_loads import (
    BASE,
    CUT_FIRST,
    DEMAND,
    LOADS,
    plan_plants,
    set_loads,
    use_dispatch,
)  # fmt: skip
from sim.regimes import months_between
from sim.state import State

FloatArray = npt.NDArray[np.float64]
SEASONS = ("winter", "summer", "shoulder")
RENEWABLE = ("wind", "solar")
HEATING_MONTHS = (12, 1, 2)
OVER_COST_USD_PER_MWH = 0.01
HOURS_PER_YEAR = 8766.0
BEHIND_THE_METER = (
    "solar_yield_kwh_per_kw_year", "distribution_loss_share", "transmission_loss_share",
    "battery_cycles_per_year", "battery_efficiency",
)  # fmt: skip
EVENING_HOURS = (18, 19, 20, 21, 22)
IMPORTED_FUELS = ("imported_coal", "rlng", "furnace_oil", "iran_import", "nuclear")


def season_of(month_of_year: int) -> str:
    """Season of a calendar month: December to February, June to September, the rest."""
    if month_of_year in (12, 1, 2):
        return "winter"
    return "summer" if 6 <= month_of_year <= 9 else "shoulder"


@dataclass(frozen=True)
class MonthOfPower:
    """Result of one month: dispatch, and what follows from it for bills and emissions (USD, MWh, t).

    ``price_usd_per_mwh`` is the marginal cost of generation by hour, weighted by zonal demand: in an hour of
    shortage that of the dearest plant, since what is shed is nobody's purchase. Scarcity shows as energy
    shed. ``new_load_usd_per_mwh`` is the same for miners and AI firms, hour by hour in their own zones.
    ``used_mwh`` is generation less what was curtailed.
    """

    case: DispatchCase
    result: DispatchResult
    loads: FloatArray  # [LOADS, Z, H] MW
    price_usd_per_mwh: FloatArray
    new_load_usd_per_mwh: float
    energy_cost_usd: float
    imported_fuel_usd: float
    generation_mwh: float
    used_mwh: float
    emissions_t: float
    technologies: tuple[str, ...]

    @property
    def days(self) -> float:
        """Days of the month."""
        return self.case.days

    @property
    def demand_mw(self) -> FloatArray:
        """All load at the generation end by zone and hour, MW."""
        return self.loads[DEMAND]

    @property
    def base_mw(self) -> FloatArray:
        """Load of ordinary consumers at the generation end by zone and hour, MW."""
        return self.loads[BASE]

    @property
    def maximum_mw(self) -> FloatArray:
        """What plants could have run, by plant and hour, MW."""
        return self.case.max_mw

    @property
    def cost_usd_per_mwh(self) -> FloatArray:
        """Cost by plant, USD per MWh."""
        return self.case.cost_usd_per_mwh

    @functools.cached_property
    def technology_mw(self) -> dict[str, FloatArray]:
        """Generation by technology and hour, MW."""
        found: dict[str, FloatArray] = {}
        for name, series in zip(self.technologies, self.result.gen_mw, strict=True):
            found[name] = found.get(name, 0.0) + series
        return found


class PowerSystem:
    """Plants, shapes and limits of a country, ready for monthly dispatch."""

    def __init__(self, country: Country, values: dict[str, float], drivers: Drivers) -> None:
        self.country, self.values, self.drivers = country, values, drivers
        plants = country.plant
        self.zones = len(country.zones)
        self.zone = np.array([country.zones.index(p.zone) for p in plants], np.int64)
        self.capacity = np.array([p.capacity_mw for p in plants])
        self.availability = np.array([p.availability for p in plants])
        coal = np.array([p.technology == "imported_coal" for p in plants])
        self.availability[coal] *= values["imported_coal_availability"]
        self.wedge_usd = np.where(
            coal, values["imported_coal_wedge_local_per_kwh"] / values["local_per_usd"] * 1000.0, 0.0
        )
        self.must_run = np.array([p.must_run_share for p in plants])
        self.take_or_pay = np.array([p.take_or_pay_share for p in plants])
        self.contracted_mw = self.take_or_pay * self.capacity
        self.om_usd = (
            np.array([p.variable_om_local_per_kwh for p in plants]) / values["local_per_usd"] * 1000.0
        )
        self.emission = np.array([p.emission_t_per_mwh for p in plants])
        self.limited = np.array([p.energy_limited for p in plants])
        self.is_hydro = np.array([p.technology == "hydro" for p in plants])
        self.thermal = np.array([bool(p.fuel) for p in plants])
        self.imported = np.array([p.fuel in IMPORTED_FUELS for p in plants])
        self.group = np.where([p.gas_group for p in plants], 0, -1).astype(np.int64)
        self.contract_gas = (self.group >= 0) & (self.take_or_pay > 0.0)
        local_bn = np.array([p.capacity_payment_local_bn_per_year for p in plants])
        self.capacity_usd_per_month = local_bn * 1e9 / values["local_per_usd"] / 12.0
        self.online = self.online_series()
        self.capacity_due_usd = [float(stood @ self.capacity_usd_per_month) for stood in self.online]
        self.technologies = tuple(p.technology for p in plants)
        self.groups = tuple(dict.fromkeys((p.technology, p.zone) for p in plants))
        self.group_of = np.array([self.groups.index((p.technology, p.zone)) for p in plants], np.int64)
        self.evening = np.isin(np.arange(24), EVENING_HOURS) / len(EVENING_HOURS)
        self.shape = {s: np.array(getattr(country.load_shape, s)) for s in SEASONS}
        self.solar = {s: np.array(getattr(country.solar_shape, s)) for s in SEASONS}
        self.wind = {s: np.array(getattr(country.wind_shape, s)) for s in SEASONS}
        self.max_mw = np.array([self.available_mw(month) for month in range(1, 13)])
        self.fuel_usd = self.fuel_series()
        self.cost_usd_per_mwh = self.fuel_usd + self.om_usd + self.wedge_usd
        self.plant_factor = self.plant_series()
        self.plants = (  # in the order of ``Plants``
            self.zone, self.capacity, self.limited, self.must_run, self.contract_gas, self.contracted_mw,
            self.availability, self.max_mw, self.plant_factor, self.online,
        )  # fmt: skip
        self.at_home: dict[tuple[object, ...], tuple[FloatArray, FloatArray]] = {}
        self.fallbacks = 0

    def online_series(self) -> FloatArray:
        """Say which plants stand in a month (1 or 0 by month and plant); planned ones come late by the
        delay.
        """
        labels = self.drivers.labels
        online = np.ones((len(labels), len(self.country.plant)))
        delay = round(12.0 * self.values["new_plant_delay_years"])
        for i, plant in enumerate(self.country.plant):
            first = months_between(labels[0], plant.online_from) if plant.online_from else 0
            online[: max(0, first + delay * plant.planned), i] = 0.0
            if plant.online_until:
                online[max(0, months_between(labels[0], plant.online_until) + 1) :, i] = 0.0
        return online

    def available_mw(self, month_of_year: int) -> FloatArray:
        """Available MW by plant and hour in a calendar month of normal water and no outage beyond the
        usual.
        """
        season = season_of(month_of_year)
        flat = np.repeat((self.capacity * self.availability[:, month_of_year - 1])[:, None], 24, axis=1)
        for i, plant in enumerate(self.country.plant):
            if plant.technology in RENEWABLE:
                flat[i] *= (self.solar if plant.technology == "solar" else self.wind)[season]
        return np.minimum(flat, self.capacity[:, None])

    def gas_cap_mw(self, t: int) -> float:
        """Hourly limit of all plants of the gas group, MW: lower while homes are heated, and in
        interruptions.
        """
        heating = int(self.drivers.month_of_year[t]) in HEATING_MONTHS
        share = self.values["rlng_winter_share"] if heating else 1.0
        return self.values["rlng_group_cap_mw"] * share * float(self.drivers.gas_factor[t])

    def gas_volume_mwh(self, t: int) -> float:
        """Monthly limit of all plants of the gas group, MWh: cargoes that can be landed, less in
        interruptions.
        """
        hours = 24.0 * float(self.drivers.days[t])
        return self.values["rlng_group_mean_mw"] * hours * float(self.drivers.gas_factor[t])

    def fuel_series(self) -> FloatArray:
        """Fuel plus variable cost by month and plant, USD per MWh."""
        months = len(self.drivers.labels)
        cost = np.zeros((months, len(self.country.plant)))
        for i, plant in enumerate(self.country.plant):
            if plant.fuel:
                cost[:, i] = self.drivers.fuel_cost_usd_per_mwh[plant.fuel] * plant.cost_factor
        return cost

    def plant_series(self) -> FloatArray:
        """Availability factor by month and plant: outages of thermal plants, water of hydro, dated events
        of single ones.
        """
        months = len(self.drivers.labels)
        factor = np.ones((months, len(self.country.plant)))
        factor[:, self.thermal] = self.drivers.outage_factor[:, None]
        factor[:, self.is_hydro & ~self.limited] = self.drivers.hydro_factor[:, None]
        factor *= self.online
        for name, series in self.drivers.plant_factor.items():
            for i, plant in enumerate(self.country.plant):
                if plant.name == name:
                    factor[:, i] *= series
        return factor

    def loads(self, state: State, t: int) -> FloatArray:
        """All ``LOADS`` of a month; mining under an interruption contract is cut first."""
        month, loads = int(self.drivers.month_of_year[t]), np.zeros((LOADS, self.zones, 24))
        season = season_of(month)
        mean = self.country.load_shape.mean_load_mw[month - 1] * self.drivers.demand_factor[t]
        set_loads(
            loads, state.consumers, state.miners, state.ai_firms, mean, self.shape[season],
            *self.behind_the_meter(season), 1.0 - self.values["transmission_loss_share"],
            self.interruptible(state, t),
        )  # fmt: skip
        return loads

    def behind_the_meter(self, season: str) -> tuple[FloatArray, FloatArray]:
        """Load at the generation end by hour that one MW of rooftop solar replaces, and that one MWh of
        batteries adds, MW; worked out again when a parameter of it has changed.
        """
        now = (season, *(self.values[name] for name in BEHIND_THE_METER))
        if now not in self.at_home:
            sun, yield_share = self.solar[season], self.values[BEHIND_THE_METER[0]] / HOURS_PER_YEAR
            loss = 1.0 - self.values["distribution_loss_share"]
            loss *= 1.0 - self.values["transmission_loss_share"]
            self.at_home[now] = (yield_share * sun / loss, self.battery_mw(sun) / loss)
        return self.at_home[now]

    def battery_mw(self, sun: FloatArray) -> FloatArray:
        """Load that one MWh of batteries adds while the sun shines and takes away in the evening, MW by
        hour: a full cycle on most days (Eq. M11).
        """
        daily = self.values["battery_cycles_per_year"] * 24.0 / HOURS_PER_YEAR
        return daily * (sun / sun.sum() / self.values["battery_efficiency"] - self.evening)

    def run_month(self, state: State, t: int) -> MonthOfPower:
        """Dispatch month ``t`` and publish served shares by hour."""
        loads = self.loads(state, t)
        case = self.pose(t, loads)
        result = clear_month(case)
        self.fallbacks += result.fallback
        price, new_load_price, energy_usd, fuel_usd, generation_mwh, emissions_t = use_dispatch(
            state.world, state.operator, loads, result.gen_mw, result.price_usd_per_mwh,
            result.interrupted_mw, result.shed_mw, case.cost_usd_per_mwh, self.fuel_usd[t], self.imported,
            self.emission, case.days,
        )  # fmt: skip
        return MonthOfPower(
            case=case,
            result=result,
            loads=loads,
            price_usd_per_mwh=price,
            new_load_usd_per_mwh=new_load_price,
            energy_cost_usd=energy_usd,
            imported_fuel_usd=fuel_usd,
            generation_mwh=generation_mwh,
            used_mwh=generation_mwh - float(result.over_mw.sum()) * case.days,
            emissions_t=emissions_t,
            technologies=self.technologies,
        )

    def pose(self, t: int, loads: FloatArray) -> DispatchCase:
        """Pose the dispatch problem of month ``t``."""
        values, drivers = self.values, self.drivers
        days, month = float(drivers.days[t]), int(drivers.month_of_year[t]) - 1
        maximum, energy = np.empty((len(self.capacity), 24)), np.empty((3, len(self.capacity)))
        plan_plants(
            self.plants, t, month, loads, drivers.hydro_factor[t], drivers.gas_factor[t],
            values["rlng_min_load_share"], days, maximum, energy,
        )  # fmt: skip
        water, minimum, contract = energy
        cost, link_mw = self.cost_usd_per_mwh[t], values["link_mw"] * drivers.link_factor[t]
        return DispatchCase(
            days=days,
            zone=self.zone,
            min_mw=minimum,
            max_mw=maximum,
            cost_usd_per_mwh=cost,
            energy_max_mwh=water,
            energy_min_mwh=contract,
            take_or_pay_usd_per_mwh=cost,
            fuel_group=self.group,
            group_cap_mw=np.array([self.gas_cap_mw(t)]),
            group_energy_max_mwh=np.array([self.gas_volume_mwh(t)]),
            demand_mw=loads[DEMAND],
            interruptible_mw=loads[CUT_FIRST],
            link_north_mw=link_mw,
            link_south_mw=link_mw,
            interruptible_cost_usd_per_mwh=values["interruption_cost_usd_per_mwh"],
            value_of_lost_load_usd_per_mwh=values["value_of_lost_load_usd_per_mwh"],
            over_cost_usd_per_mwh=OVER_COST_USD_PER_MWH,
        )

    def interruptible(self, state: State, t: int) -> bool:
        """Whether licensed mining may still be cut before others: its contract has hours left this year."""
        if t % 12 == 0:
            state.operator["interrupted_hours"] = 0.0
        allowed = float(state.policy["interruption_hours_per_year"][0])
        return allowed > float(state.operator["interrupted_hours"][0])

    def capacity_cost_usd(self, t: int) -> float:
        """Capacity payments of a month, owed whether plants run or not; the local part erodes with the
        exchange rate.
        """
        share = self.values["capacity_usd_share"]
        slide = self.values["local_per_usd"] / float(self.drivers.local_per_usd[t])
        return self.capacity_due_usd[t] * (share + (1.0 - share) * slide)
