"""What the model says about every target of the grid, and what a plain regression says of the same months."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from experiments.validation.grid_months import (
    THERMAL,
    TOTAL,
    ObservedSystem,
    books,
    give_load,
    give_rivers_and_reactors,
    target_rows,
)
from sim import load_scenario
from sim.countries import Distributor
from sim.model import WattLabModel
from sim.power import MonthOfPower, season_of

FloatArray = npt.NDArray[np.float64]
Measures = dict[str, float]
FITTED, PREDICTED = "fy2025", "fy2024"
PERIODS = {FITTED: ("2024-07", "2025-06"), PREDICTED: ("2023-07", "2024-06")}
# Every fuel of September 2024 was solved from yearly shares: no observation of its own.
SOLVED = ("2024-09",)
BASKET = "fuel_basket_pkr_per_kwh"
FUELS = {column.removesuffix("_gwh"): (name, column) for name, column in THERMAL.items()}
# Installed MW of Port Qasim, China Hub, Sahiwal and Lucky (NEPRA plant workbook), without Jamshoro.
IMPORTED_COAL_MW = 4620.0
PROBE_MW = 100.0
SHORTAGE_MONTH, SHORTAGE_START, SHORTAGE_RUN_MONTHS = "2026-01", "2025-06", 8
# The published winter day is one of that month; it has the shape of this January of the fitted year.
JANUARY = "2025-01"
SHORTAGE_SEEDS = range(1, 9)
HOURS_PER_YEAR = 8760.0
# The line from Matiari to Lahore; alternating-current lines between the zones are part of the model's link.
HVDC_MW = 4000.0
# Months in which the use of that line was published.
LINK_MONTHS = ("2023-08", "2024-09", "2025-02")
# The published loss covers the distributors that came out of the state utility, not this one.
OUTSIDE_LOSS_TARGET = "K-Electric"
TARIFF_TARGET = "grid.purchase.tariff"
REGIONS = {
    "punjab": ("IESCO", "LESCO", "GEPCO", "FESCO", "MEPCO"),
    "northwest": ("PESCO", "TESCO"),
    "sindh_and_quetta": ("HESCO", "SEPCO", "QESCO"),
}
CAPACITY_GROUPS = {
    "nuclear": "nuclear",
    "thar_coal": "local_coal",
    "imported_coal": "imported_coal",
    "rlng": "rlng",
    "gas": "gas",
    "oil": "furnace_oil",
}


def wape(simulated: FloatArray, seen: FloatArray) -> float:
    """Weighted absolute percentage error, %: absolute errors over the sum of what was observed."""
    return float(np.abs(simulated - seen).sum() / seen.sum() * 100.0)


@functools.cache
def observed_system(period: str) -> ObservedSystem:
    """The model's power system on the published months of a fiscal year."""
    return ObservedSystem(books(*PERIODS[period]))


def measure_grid() -> tuple[Measures, Measures]:
    """Measure everything the grid targets ask for: (model, regression), by target id without ``grid.``."""
    system = observed_system(FITTED)
    months = system.run()
    model = {f"{FITTED}.{name}": value for name, value in month_errors(system, months).items()}
    later = observed_system(PREDICTED)
    earlier_months = later.run()
    predicted = month_errors(later, earlier_months)
    model |= {f"{PREDICTED}.{name}": value for name, value in predicted.items()}
    model |= link_facts(later.labels, earlier_months) | link_facts(system.labels, months)
    model |= year_facts(system, months) | load_facts(months, system.labels) | money_facts(system, months)
    model["margin.emission_factor"] = marginal_emission_factor(system, months)
    model["shortage.2026-01"] = january_shortage_mw()
    return model, regression_errors()


def month_errors(system: ObservedSystem, months: list[MonthOfPower]) -> Measures:
    """Errors of monthly output by fuel (WAPE, %), yearly shares (%), and errors of the fuel basket (%)."""
    energy, place = system.energy_gwh(months), {label: t for t, label in enumerate(system.labels)}
    total = system.books.values(TOTAL, system.labels).sum()
    found: Measures = {}
    for fuel, (technology, column) in FUELS.items():
        known = system.books.known(column, SOLVED)
        mine = energy[technology][[place[label] for label in known]]
        found[f"{fuel}.wape"] = wape(mine, system.books.values(column, known))
        found[f"{fuel}.share"] = float(energy[technology].sum() / total * 100.0)
    known = system.books.known(BASKET)
    filed = system.books.values(BASKET, known)
    error = (system.basket(months)[[place[label] for label in known]] / filed - 1.0) * 100.0
    found["basket.mean_error"] = float(np.abs(error).mean())
    found["basket.worst_month"] = float(np.abs(error).max())
    return found


def residual_gwh(period: str, labels: list[str]) -> FloatArray:
    """Output that neither rivers nor reactors gave, GWh: the regressor that needs no knowledge of plants."""
    published = observed_system(period).books
    given = published.values("hydro_gwh", labels) + published.values("nuclear_gwh", labels)
    return published.values(TOTAL, labels) - given


def regression_errors() -> Measures:
    """WAPE of a straight line of each fuel on the thermal total, fitted on FY2025, on both years, %."""
    found: Measures = {}
    fitted, later = observed_system(FITTED).books, observed_system(PREDICTED).books
    for fuel, (_, column) in FUELS.items():
        known = fitted.known(column, SOLVED)
        slope, level = np.polyfit(residual_gwh(FITTED, known), fitted.values(column, known), 1)
        for period, published in ((FITTED, fitted), (PREDICTED, later)):
            labels = published.known(column, SOLVED)
            line = np.maximum(0.0, level + slope * residual_gwh(period, labels))
            found[f"{period}.{fuel}.wape"] = wape(line, published.values(column, labels))
    return found


def year_facts(system: ObservedSystem, months: list[MonthOfPower]) -> Measures:
    """Plant factor of imported coal and use of the link over the year, %."""
    energy = system.energy_gwh(months)
    hours = 24.0 * system.drivers.days
    flow = np.array([np.abs(month.result.flow_mw).mean() for month in months])
    return {
        "fy2025.imported_coal.plant_factor": float(
            energy["imported_coal"].sum() * 1000.0 / IMPORTED_COAL_MW / HOURS_PER_YEAR * 100.0
        ),
        "link.utilisation": float((flow * hours).sum() / hours.sum() / HVDC_MW * 100.0),
    }


def link_facts(labels: list[str], months: list[MonthOfPower]) -> Measures:
    """Mean exchange between the zones over the direct-current line's capacity, %, in months with a record."""
    return {
        f"link.{label}": float(np.abs(month.result.flow_mw).mean() / HVDC_MW * 100.0)
        for label, month in zip(labels, months, strict=True)
        if label in LINK_MONTHS
    }


def load_facts(months: list[MonthOfPower], labels: list[str]) -> Measures:
    """Highest and lowest hour of a typical day by season, MW at the generation end; in winter of a January
    with the published load of the month of the shortage.
    """
    more = float(shortage_row()[TOTAL]) / float(books(JANUARY, JANUARY).rows[JANUARY][TOTAL])
    january = months[labels.index(JANUARY)].demand_mw.sum(axis=0) * more
    found: Measures = {"load.winter.peak": float(january.max()), "load.winter.minimum": float(january.min())}
    for season in ("summer", "shoulder"):
        load = np.array(
            [
                month.demand_mw.sum(axis=0)
                for month, label in zip(months, labels, strict=True)
                if season_of(int(label[5:])) == season
            ]
        )
        found[f"load.{season}.peak"], found[f"load.{season}.minimum"] = float(load.max()), float(load.min())
    return found


def money_facts(system: ObservedSystem, months: list[MonthOfPower]) -> Measures:
    """Capacity payments by technology, purchase cost (PKR bn), average tariff (PKR/kWh), losses (%)."""
    found: Measures = {}
    stood = system.power.online.mean(axis=0)
    for plant, part in zip(system.power.country.plant, stood, strict=True):
        group = CAPACITY_GROUPS.get(plant.technology, "hydro_and_renewables")
        key = f"capacity.{group}"
        found[key] = found.get(key, 0.0) + plant.capacity_payment_local_bn_per_year * part
    found["capacity.total"] = sum(found.values())
    values = system.values
    energy_bn = sum(month.energy_cost_usd for month in months) * values["local_per_usd"] / 1e9
    generation_twh = sum(month.generation_mwh for month in months) / 1e6
    found["purchase.cost"] = energy_bn + found["capacity.total"]
    delivered = generation_twh * (1.0 - values["transmission_loss_share"])
    allowed = delivered * (1.0 - values["allowed_loss_share"])
    found["purchase.tariff"] = found["purchase.cost"] / allowed + values["network_margin_local_per_kwh"]
    former_state = [item for item in system.power.country.distributor if item.name != OUTSIDE_LOSS_TARGET]
    sold = sum(item.sales_share for item in former_state)
    bought = sum(item.sales_share / (1.0 - item.loss_share) for item in former_state)
    found["loss.distribution"] = (1.0 - sold / bought) * 100.0
    found |= loss_costs(system.power.country.distributor, delivered)
    found["loss.transmission"] = values["transmission_loss_share"] * 100.0
    return found


def loss_costs(distributors: list[Distributor], delivered_twh: float) -> Measures:
    """Cost of losses above the allowed level, by region and in all, and of bills not paid, PKR bn a year.

    Energy of a distributor: its share of what was delivered; priced at the determined tariff of the year.
    """
    bought = {item.name: item.sales_share / (1.0 - item.loss_share) for item in distributors}
    tariff = next(float(row["target"]) for row in target_rows("grid.csv") if row["id"] == TARIFF_TARGET)
    found: Measures = {"loss.cost": 0.0, "loss.unpaid": 0.0}
    for item in distributors:
        energy_bn = delivered_twh * bought[item.name] / sum(bought.values()) * tariff
        for region, members in REGIONS.items():
            if item.name in members:
                cost = energy_bn * (item.loss_share - item.allowed_loss_share)
                found["loss.cost"] += cost
                found[f"loss.cost.{region}"] = found.get(f"loss.cost.{region}", 0.0) + cost
                found["loss.unpaid"] += energy_bn * (1.0 - item.loss_share) * (1.0 - item.recovery_share)
    return found


def marginal_emission_factor(system: ObservedSystem, months: list[MonthOfPower]) -> float:
    """Emissions of a little more load, shared over the zones like ordinary load, over its energy, t/MWh."""
    share = sum(month.base_mw[0].sum() * month.days for month in months) / sum(
        month.base_mw.sum() * month.days for month in months
    )
    more = system.run((PROBE_MW * share, PROBE_MW * (1.0 - share)))
    emitted = sum(month.emissions_t for month in more) - sum(month.emissions_t for month in months)
    energy = sum(month.generation_mwh for month in more) - sum(month.generation_mwh for month in months)
    return float(emitted / energy)


def shortage_row() -> dict[str, str]:
    """Published books of the month of the shortage."""
    return books(SHORTAGE_MONTH, SHORTAGE_MONTH).rows[SHORTAGE_MONTH]


def january_shortage_mw() -> float:
    """Largest hourly load shed in January 2026, MW: a day with the month's published load, rivers and
    reactors on which all dated events of the month fall together; mean over several seeds of outages.
    """
    worst, row = [], shortage_row()
    for seed in SHORTAGE_SEEDS:
        scenario = load_scenario(
            "pakistan", "pakistan-status-quo", start=SHORTAGE_START, months=SHORTAGE_RUN_MONTHS,
            population={"miners": 1, "world_miners": 1, "ai_firms": 1},
        )  # fmt: skip
        model = WattLabModel(scenario, seed)
        model.state.miners["energised_mw"] = 0.0
        t = model.drivers.labels.index(SHORTAGE_MONTH)
        give_rivers_and_reactors(model.power, t, row)
        give_load(model.power, model.state, t, row)
        month = model.power.run_month(model.state, t)
        worst.append(float(month.result.shed_mw.sum(axis=0).max()))
        model.close()
    return float(np.mean(worst))
