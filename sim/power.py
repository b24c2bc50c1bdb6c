"""The power system of a month: what plants can do, what the country and the new firms want, and what dispatch
makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.compiled import kernel
from sim.countries import Country
from sim.dispatch import DispatchCase, DispatchResult, clear_month
from sim.drivers import Drivers
from sim.state import State

FloatArray = npt.NDArray[np.float64]
SEASONS = ("winter", "summer", "shoulder")
RENEWABLE = ("wind", "solar")
HEATING_MONTHS = (12, 1, 2)
# Hourly maximum of a storage station as a share of capacity: a part that low water always leaves, and head
# and turbine hours that come with the month's water (assumed; the monthly energy itself is data).
STORAGE_FLOOR_SHARE, STORAGE_SHARE_PER_AVAILABILITY = 0.25, 1.1
OVER_COST_USD_PER_MWH = 0.01
HOURS_PER_YEAR = 8766.0
# Rooftop solar replaces at most this share of a class's load in an hour (assumed)
LARGEST_SOLAR_SHARE = 0.8
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
    shed.
    """

    result: DispatchResult
    days: float
    demand_mw: FloatArray
    price_usd_per_mwh: FloatArray
    spare_mw: FloatArray
    energy_cost_usd: float
    imported_fuel_usd: float
    generation_mwh: float
    emissions_t: float
    base_mw: FloatArray
    solar_mw: FloatArray
    mining_mw: FloatArray
    ai_mw: FloatArray
    technology_mw: dict[str, FloatArray]


@kernel
def firm_loads(miners, ai_firms, zones):  # type: ignore[no-untyped-def]
    """Add up hourly load by zone: returns (licensed mining, other mining, AI), each zones x 24 in MW at the
    meter.
    """
    licensed = np.zeros((zones, 24))
    informal = np.zeros((zones, 24))
    ai = np.zeros((zones, 24))
    for i in range(len(miners)):
        firm = miners[i]
        if firm.energised_mw <= 0.0:
            continue
        zone = min(firm.zone, zones - 1)
        for hour in range(24):
            if firm.compliance == 0:
                licensed[zone, hour] += firm.load_mw[hour]
            else:
                informal[zone, hour] += firm.load_mw[hour]
    for i in range(len(ai_firms)):
        other = ai_firms[i]
        if other.active == 1:
            zone = min(other.zone, zones - 1)
            for hour in range(24):
                ai[zone, hour] += other.load_mw[hour]
    return licensed, informal, ai


@kernel
def consumer_loads(consumers, profile_mw, sun, zones):  # type: ignore[no-untyped-def]
    """Set every class's net load by hour and add up by zone: returns (net load, load that new solar
    replaced), each zones x 24 in MW. ``sun`` is the load replaced by one MW of solar in each hour.
    """
    base = np.zeros((zones, 24))
    shade = np.zeros((zones, 24))
    for i in range(len(consumers)):
        group = consumers[i]
        share = group.base_share * group.demand_index
        added = group.solar_mw - group.solar_start_mw
        for hour in range(24):
            wanted = share * profile_mw[hour]
            solar = min(added * sun[hour], LARGEST_SOLAR_SHARE * wanted)
            group.load_mw[hour] = wanted - solar
            base[group.zone, hour] += wanted - solar
            shade[group.zone, hour] += solar
    return base, shade


@kernel
def publish_service(worlds, demand, cut_first, interrupted, shed):  # type: ignore[no-untyped-def]
    """Publish the served share of interruptible and firm load in each hour."""
    world = worlds[0]
    firm_mean, cut_mean = 0.0, 0.0
    for hour in range(24):
        wanted, total, lost, cut = 0.0, 0.0, 0.0, 0.0
        for zone in range(demand.shape[0]):
            wanted += cut_first[zone, hour]
            total += demand[zone, hour]
            lost += shed[zone, hour]
            cut += interrupted[zone, hour]
        firm_share = 1.0 - lost / max(total - wanted, 1e-9)
        cut_share = 1.0 - cut / wanted if wanted > 0.0 else firm_share
        world.firm_served_share[hour] = firm_share
        world.interruptible_served_share[hour] = cut_share
        firm_mean += firm_share / 24.0
        cut_mean += cut_share / 24.0
    world.firm_served_mean = firm_mean
    world.interruptible_served_mean = cut_mean


@kernel
def value_dispatch(gen, price, demand, cost, imported, fuel, emission, days):  # type: ignore[no-untyped-def]
    """Turn dispatch into the month's totals: returns (price by hour weighted by zonal demand and at most the
    dearest plant's cost, energy cost, imported fuel in USD, generation in MWh, emissions in t).
    """
    plants, hours = gen.shape
    ceiling = cost.max()
    weighted = np.zeros(hours)
    for hour in range(hours):
        total = 0.0
        for zone in range(demand.shape[0]):
            total += demand[zone, hour]
        for zone in range(demand.shape[0]):
            weight = demand[zone, hour] / max(total, 1e-9)
            weighted[hour] += min(price[zone, hour], ceiling) * weight
    cost_usd, fuel_usd, generation, emissions = 0.0, 0.0, 0.0, 0.0
    for p in range(plants):
        energy = 0.0
        for hour in range(hours):
            energy += gen[p, hour]
        energy *= days
        cost_usd += energy * cost[p]
        fuel_usd += energy * fuel[p] if imported[p] else 0.0
        generation += energy
        emissions += energy * emission[p]
    return weighted, cost_usd, fuel_usd, generation, emissions


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
        local_bn = sum(p.capacity_payment_local_bn_per_year for p in plants)
        self.capacity_usd_per_month = local_bn * 1e9 / values["local_per_usd"] / 12.0
        self.shape = {s: np.array(getattr(country.load_shape, s)) for s in SEASONS}
        self.solar = {s: np.array(getattr(country.solar_shape, s)) for s in SEASONS}
        self.wind = {s: np.array(getattr(country.wind_shape, s)) for s in SEASONS}
        self.max_mw = np.array([self.available_mw(month) for month in range(1, 13)])
        self.fuel_usd = self.fuel_series()
        self.plant_factor = self.plant_series()
        self.fallbacks = 0

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

    def storage_mw(self, water_share: FloatArray) -> FloatArray:
        """Hourly maximum of storage stations from the month's water as a capacity factor, MW by plant."""
        head = STORAGE_FLOOR_SHARE + STORAGE_SHARE_PER_AVAILABILITY * water_share
        return self.capacity * np.minimum(1.0, head)

    def minimum_mw(self, maximum: FloatArray, base: FloatArray) -> FloatArray:
        """Must-run output by plant, MW: a share of available; contract gas follows its zone's load.

        Voltage and reserve of a zone are held by plants in it, so contract gas runs at least at a share of
        the mean ordinary load of its zone (Pakistan: imported gas in the north).
        """
        least = maximum.min(axis=1)
        minimum = self.must_run * least
        for zone in range(self.zones):
            here = self.contract_gas & (self.zone == zone)
            if here.any():
                share = self.values["rlng_min_load_share"] * base[zone].mean() / self.capacity[here].sum()
                minimum[here] = np.maximum(minimum[here], share * self.capacity[here])
        return np.minimum(minimum, least)

    def gas_cap_mw(self, t: int) -> float:
        """Hourly limit of all plants of the gas group, MW: lower while homes are heated, and in
        interruptions.
        """
        heating = int(self.drivers.month_of_year[t]) in HEATING_MONTHS
        share = self.values["rlng_winter_share"] if heating else 1.0
        return self.values["rlng_group_cap_mw"] * share * float(self.drivers.gas_factor[t])

    def fuel_series(self) -> FloatArray:
        """Fuel plus variable cost by month and plant, USD per MWh."""
        months = len(self.drivers.labels)
        cost = np.zeros((months, len(self.country.plant)))
        for i, plant in enumerate(self.country.plant):
            if plant.fuel:
                cost[:, i] = self.drivers.fuel_cost_usd_per_mwh[plant.fuel] * plant.cost_factor
        return cost

    def plant_series(self) -> FloatArray:
        """Availability factor by month and plant: outages of thermal plants, water of hydro, dated events of
        single ones.
        """
        months = len(self.drivers.labels)
        factor = np.ones((months, len(self.country.plant)))
        factor[:, self.thermal] = self.drivers.outage_factor[:, None]
        factor[:, self.is_hydro & ~self.limited] = self.drivers.hydro_factor[:, None]
        for name, series in self.drivers.plant_factor.items():
            for i, plant in enumerate(self.country.plant):
                if plant.name == name:
                    factor[:, i] *= series
        return factor

    def base_load(self, state: State, t: int) -> tuple[FloatArray, FloatArray]:
        """Load of ordinary consumers at the generation end by zone and hour, and the solar that replaced some
        of it.
        """
        month = int(self.drivers.month_of_year[t])
        season = season_of(month)
        mean = self.country.load_shape.mean_load_mw[month - 1] * self.drivers.demand_factor[t]
        profile = mean * self.shape[season]
        yield_share = self.values["solar_yield_kwh_per_kw_year"] / HOURS_PER_YEAR
        loss = (1.0 - self.values["distribution_loss_share"]) * (1.0 - self.values["transmission_loss_share"])
        return consumer_loads(state.consumers, profile, yield_share * self.solar[season] / loss, self.zones)

    def run_month(self, state: State, t: int) -> MonthOfPower:
        """Dispatch month ``t`` and publish served shares by hour; mining under an interruption contract is
        cut first.
        """
        values, drivers = self.values, self.drivers
        days = float(drivers.days[t])
        base, solar = self.base_load(state, t)
        licensed, informal, ai = firm_loads(state.miners, state.ai_firms, self.zones)
        delivery = 1.0 - values["transmission_loss_share"]
        interruptible = state.policy["interruption_hours_per_year"][0] > 0.0
        cut_first = licensed / delivery if interruptible else np.zeros_like(licensed)
        demand = base + (licensed + informal + ai) / delivery
        water_share = self.availability[:, drivers.month_of_year[t] - 1] * drivers.hydro_factor[t]
        maximum = self.max_mw[drivers.month_of_year[t] - 1] * self.plant_factor[t][:, None]
        maximum[self.limited] = (self.storage_mw(water_share) * self.plant_factor[t])[self.limited, None]
        maximum = np.minimum(maximum, self.capacity[:, None])
        cost = self.fuel_usd[t] + self.om_usd + self.wedge_usd
        water = np.where(self.limited, self.capacity * water_share * 24.0 * days, np.inf)
        case = DispatchCase(
            days=days,
            zone=self.zone,
            min_mw=self.minimum_mw(maximum, base),
            max_mw=maximum,
            cost_usd_per_mwh=cost,
            energy_max_mwh=water,
            energy_min_mwh=self.take_or_pay * self.capacity * 24.0 * days * drivers.gas_factor[t],
            take_or_pay_usd_per_mwh=cost,
            fuel_group=self.group,
            group_cap_mw=np.array([self.gas_cap_mw(t)]),
            group_energy_max_mwh=np.array([np.inf]),
            demand_mw=demand,
            interruptible_mw=cut_first,
            link_north_mw=values["link_mw"] * drivers.link_factor[t],
            link_south_mw=values["link_mw"] * drivers.link_factor[t],
            interruptible_cost_usd_per_mwh=values["interruption_cost_usd_per_mwh"],
            value_of_lost_load_usd_per_mwh=values["value_of_lost_load_usd_per_mwh"],
            over_cost_usd_per_mwh=OVER_COST_USD_PER_MWH,
        )
        result = clear_month(case)
        self.fallbacks += result.fallback
        publish_service(state.world, demand, cut_first, result.interrupted_mw, result.shed_mw)
        return self.account(result, t, demand, base, solar, licensed + informal, ai, cost, maximum)

    def account(
        self, result: DispatchResult, t: int, demand: FloatArray, base: FloatArray, solar: FloatArray,
        mining: FloatArray, ai: FloatArray, cost: FloatArray, maximum: FloatArray,
    ) -> MonthOfPower:  # fmt: skip
        """Turn dispatch into money, energy and emissions of the month."""
        days = float(self.drivers.days[t])
        price, energy_usd, fuel_usd, generation_mwh, emissions_t = value_dispatch(
            result.gen_mw, result.price_usd_per_mwh, demand, cost, self.imported, self.fuel_usd[t],
            self.emission, days,
        )  # fmt: skip
        technology: dict[str, FloatArray] = {}
        for i, plant in enumerate(self.country.plant):
            technology[plant.technology] = technology.get(plant.technology, 0.0) + result.gen_mw[i]
        return MonthOfPower(
            result=result,
            days=days,
            demand_mw=demand,
            price_usd_per_mwh=price,
            spare_mw=self.spare_mw(result, maximum, t),
            energy_cost_usd=energy_usd,
            imported_fuel_usd=fuel_usd,
            generation_mwh=generation_mwh,
            emissions_t=emissions_t,
            base_mw=base,
            solar_mw=solar.sum(axis=0),
            mining_mw=mining.sum(axis=0),
            ai_mw=ai.sum(axis=0),
            technology_mw=technology,
        )

    def spare_mw(self, result: DispatchResult, maximum: FloatArray, t: int) -> FloatArray:
        """Idle capacity by hour after the reserve, with the gas limit; stored water is not counted as
        spare.
        """
        idle = np.maximum(0.0, maximum - result.gen_mw)
        gas = self.group >= 0
        limit = self.gas_cap_mw(t) - result.gen_mw[gas].sum(axis=0)
        free = idle[~gas & ~self.limited].sum(axis=0) + np.minimum(
            idle[gas].sum(axis=0), np.maximum(0.0, limit)
        )
        return np.maximum(0.0, free - self.values["reserve_margin_mw"])

    def capacity_cost_usd(self, t: int) -> float:
        """Capacity payments of a month, owed whether plants run or not; the local part erodes with the
        exchange rate.
        """
        share = self.values["capacity_usd_share"]
        slide = self.values["local_per_usd"] / float(self.drivers.local_per_usd[t])
        return self.capacity_usd_per_month * (share + (1.0 - share) * slide)
