"""Exogenous series: observed months are replayed, later months are simulated from keyed streams.

Nothing here depends on the regime, so the series of a replicate are bitwise identical in every regime (design
1.6).
"""

from __future__ import annotations

import bisect
import csv
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.parameters import data_text, parameters
from sim.regimes import months_between
from sim.scenario import Scenario
from sim.streams import series

FloatArray = npt.NDArray[np.float64]
HALVING_INTERVAL_BLOCKS = 210_000
# Blocks of an average month at the protocol's pace
LARGEST_FEE_SHARE = 0.9
BLOCKS_PER_MONTH = 144 * 30.4375


@dataclass(frozen=True)
class Drivers:
    """The world's own series, one value per month of the run (arrays of length T unless stated)."""

    labels: tuple[str, ...]
    month_of_year: npt.NDArray[np.int64]
    days: FloatArray
    btc_price_usd: FloatArray
    fee_share: FloatArray
    height: FloatArray
    gpu_price_usd_per_hour: FloatArray
    local_per_usd: FloatArray
    fuel_cost_usd_per_mwh: dict[str, FloatArray]
    hydro_factor: FloatArray
    gas_factor: FloatArray
    link_factor: FloatArray
    plant_factor: dict[str, FloatArray]
    outage_factor: FloatArray
    demand_factor: FloatArray
    reversal_draw: FloatArray
    government_draw: FloatArray
    lender_draw: FloatArray


@functools.cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a driver file."""
    return tuple(csv.DictReader(data_text("drivers", name).splitlines()))


def month_labels(start: str, months: int) -> tuple[str, ...]:
    """Calendar labels YYYY-MM of a run."""
    year, month = int(start[:4]), int(start[5:]) - 1
    return tuple(f"{year + (month + t) // 12}-{(month + t) % 12 + 1:02d}" for t in range(months))


@functools.lru_cache(maxsize=64)
def calendar(start: str, months: int) -> tuple[tuple[str, ...], npt.NDArray[np.int64], FloatArray]:
    """Calendar of a run, made once for all runs of a study: labels, months of the year (1 to 12) and days.
    The arrays are not for writing.
    """
    labels = month_labels(start, months)
    month_of_year = np.array([int(label[5:]) for label in labels])
    days = np.array([days_in_month(label) for label in labels])
    for array in (month_of_year, days):
        array.setflags(write=False)
    return labels, month_of_year, days


def days_in_month(label: str) -> float:
    """Days of a calendar month."""
    year, month = int(label[:4]), int(label[5:7])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return float((31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1])


@functools.cache
def observed(name: str, column: str) -> Mapping[str, float]:
    """Published values of a column of a driver file by month; blanks are gaps."""
    return MappingProxyType({row["month"]: float(row[column]) for row in table(name) if row[column]})


def normals(seed: int, purpose: str, months: int) -> FloatArray:
    """Standard normal series of a purpose by inversion of its keyed uniforms."""
    return np.asarray(ndtri(series(seed, purpose, months)[:, 0]))


def walk(first: float, drift: float, volatility: float, shocks: FloatArray) -> FloatArray:
    """Geometric Brownian motion sampled monthly: E[P_t] = first * exp(drift * years) (Eq. B17)."""
    step = (drift - 0.5 * volatility**2) / 12.0 + volatility / math.sqrt(12.0) * shocks
    return np.asarray(first * np.exp(np.cumsum(step) - step[0]))


def splice(
    labels: tuple[str, ...], known: Mapping[str, float], simulated: FloatArray, replay: bool
) -> FloatArray:
    """Replay what was observed and let the simulated path start from the last observation."""
    path = simulated.copy()
    if not replay:
        return path
    last = -1
    for t, label in enumerate(labels):
        if label in known:
            path[t] = known[label]
            last = t
    if last >= 0:
        path[last + 1 :] = simulated[last + 1 :] / simulated[last] * path[last]
    return path


def interpolate_anchors(anchors: Mapping[str, float], start: str, months: int) -> FloatArray:
    """Log-linear path through dated anchors, flat outside them."""
    dates = [months_between(start, month) for month in anchors]
    return np.asarray(np.exp(np.interp(np.arange(months), dates, np.log(list(anchors.values())))))


def reverting_gap(seed: int, months: int, first: int, gap: float, values: dict[str, float]) -> FloatArray:
    """Log gap of the GPU price to its falling trend from month ``first`` on, where it is ``gap``; it
    reverts to zero and jumps (Eq. M13). Shape (months,); zero before ``first``.
    """
    shocks = normals(seed, "gpu_price", months)
    draws = series(seed, "gpu_jump", months, 2)
    keep = math.exp(-values["gpu_price_reversion_per_year"] / 12.0)
    spread = values["gpu_price_volatility_per_year"] / math.sqrt(12.0)
    path = np.zeros(months)
    for t in range(max(0, first), months):
        if t > first:
            hit = draws[t, 0] < values["gpu_jump_hazard_per_year"] / 12.0
            sign = 1.0 if draws[t, 1] < 0.5 else -1.0
            gap = keep * gap + spread * shocks[t] + (sign * values["gpu_jump_log_size"] if hit else 0.0)
        path[t] = gap
    return path


def interruptions(
    seed: int, months: int, hazard_per_year: float, length_months: float, left_share: float
) -> FloatArray:
    """Supply factor of imported gas: 1, or what is left during an interruption that arrives as a Poisson
    event.
    """
    draws = series(seed, "lng_interruption", months)[:, 0]
    factor = np.ones(months)
    for t in range(months):
        if draws[t] < hazard_per_year / 12.0:
            factor[t : t + max(1, round(length_months))] = left_share
    return factor


def foggy(labels: tuple[str, ...], seed: int, probability: float) -> npt.NDArray[np.bool_]:
    """Say which months are a January of dense fog and low rivers; one draw a year."""
    draws = series(seed, "fog", len(labels))[:, 0]
    january = np.array([label.endswith("-01") for label in labels])
    return np.asarray(january & (draws < probability))


def apply_events(labels: tuple[str, ...], field: str, values: FloatArray) -> FloatArray:
    """Overwrite the months of dated historical events of a field."""
    for row in table("events.csv"):
        if row["field"] != field:
            continue
        for t, label in enumerate(labels):
            if row["start"] <= label <= (row["end"] or "9999"):
                values[t] = float(row["value"])
    return values


def block_heights(labels: tuple[str, ...]) -> FloatArray:
    """Block height at the start of each month: between dated heights, so that past halvings come when they
    came, and at the protocol's pace after the last one.
    """
    rows = table("block_heights.csv")
    start = labels[0]
    month = np.array(
        [
            months_between(start, row["date"][:7])
            + (float(row["date"][8:]) - 1.0) / days_in_month(row["date"])
            for row in rows
        ]
    )
    height = np.array([float(row["height"]) for row in rows])
    now = np.arange(len(labels))
    after = height[-1] + BLOCKS_PER_MONTH * (now - month[-1])
    return np.where(now >= month[-1], after, np.interp(now, month, height))


def bitcoin_price(labels: tuple[str, ...], seed: int, values: dict[str, float], replay: bool) -> FloatArray:
    """Bitcoin price: observed months, then geometric Brownian motion, log drift mu_B (Eq. M12, B17)."""
    prices = observed("bitcoin_monthly.csv", "price_usd")
    first = prices.get(labels[0], list(prices.values())[-1])
    shocks = normals(seed, "btc_price", len(labels))
    volatility = values["btc_volatility_per_year"]
    growth_of_mean = values["btc_drift_per_year"] + 0.5 * volatility**2
    return splice(labels, prices, walk(first, growth_of_mean, volatility, shocks), replay)


def gpu_price(labels: tuple[str, ...], seed: int, values: dict[str, float], replay: bool) -> FloatArray:
    """Price of a GPU hour: log-linear through observed anchors, then from the last one's gap to the
    falling trend back to it, with jumps (Eq. M13). Without replay the run starts on the trend.
    """
    anchors = observed("gpu_price_monthly.csv", "usd_per_gpu_hour")
    known = anchored_months(labels, anchors) if replay else {}
    months = np.arange(len(labels))
    last = max((t for t, label in enumerate(labels) if label in known), default=-1)
    drift = values["gpu_price_drift_per_year"] / 12.0
    if last < 0:
        trend = math.log(values["gpu_price_start_usd_per_hour"]) + drift * months
        return np.asarray(np.exp(trend + reverting_gap(seed, len(labels), 0, 0.0, values)))
    gap = values["gpu_price_last_gap"]
    trend = math.log(known[labels[last]]) - gap + drift * (months - last)
    path = np.exp(trend + reverting_gap(seed, len(labels), last, gap, values))
    return np.array([known.get(label, path[t]) for t, label in enumerate(labels)])


def exchange_rate(
    labels: tuple[str, ...], seed: int, values: dict[str, float], currency: str, replay: bool
) -> FloatArray:
    """Local currency per USD: log-linear through observed anchors, then a random walk with depreciation."""
    shocks = normals(seed, "exchange_rate", len(labels))
    drift, volatility = values["depreciation_per_year"], values["exchange_volatility_per_year"]
    path = values["local_per_usd"] * walk(1.0, drift, volatility, shocks)
    anchors = {
        r["month"]: float(r["local_per_usd"]) for r in table("exchange_rate.csv") if r["currency"] == currency
    }
    known = anchored_months(labels, anchors) if len(anchors) > 1 else {}
    return splice(labels, known, path, replay)


def anchored_months(labels: tuple[str, ...], anchors: Mapping[str, float]) -> dict[str, float]:
    """Interpolated values of the months between the first and the last anchor."""
    path = interpolate_anchors(anchors, labels[0], len(labels))
    first, last = min(anchors), max(anchors)
    return {label: float(path[t]) for t, label in enumerate(labels) if first <= label <= last}


def build_drivers(scenario: Scenario, seed: int, values: dict[str, float]) -> Drivers:
    """Draw or replay every exogenous series of a run; ``values`` are the scenario's parameter values."""
    months, replay = scenario.months, scenario.drivers == "replay"
    labels, month_of_year, days = calendar(scenario.start, months)
    at_home = replay and scenario.country == "pakistan"
    fees = values["fee_share_median"] * np.exp(values["fee_share_log_spread"] * normals(seed, "fees", months))
    years = (np.arange(months) + int(labels[0][5:]) - 1) // 12
    water = np.exp(values["hydrology_volatility"] * normals(seed, "hydrology", months)[years])
    fog = foggy(labels, seed, values["fog_probability_per_year"])
    water = np.where(fog, values["fog_water_left_share"] * water, water)
    gas = interruptions(
        seed,
        months,
        values["lng_interruption_hazard_per_year"],
        values["lng_interruption_months"],
        values["lng_interruption_left_share"],
    )

    def dated(field: str, path: FloatArray) -> FloatArray:
        return apply_events(labels, field, path) if at_home else path

    return Drivers(
        labels=labels,
        month_of_year=month_of_year,
        days=days,
        btc_price_usd=bitcoin_price(labels, seed, values, replay),
        fee_share=splice(
            labels,
            observed("bitcoin_monthly.csv", "fees_share"),
            np.minimum(LARGEST_FEE_SHARE, fees),
            replay,
        ),
        height=block_heights(labels),
        gpu_price_usd_per_hour=gpu_price(labels, seed, values, replay),
        local_per_usd=exchange_rate(labels, seed, values, scenario.country_data.currency, replay),
        fuel_cost_usd_per_mwh=fuel_costs(scenario, labels, seed, values),
        hydro_factor=dated("hydro_availability_factor", water),
        gas_factor=dated("rlng_supply_factor", gas),
        link_factor=dated("link_factor", np.where(fog, values["fog_link_left_share"], 1.0)),
        plant_factor=plant_events(labels) if at_home else {},
        outage_factor=np.minimum(1.0, np.exp(values["outage_volatility"] * normals(seed, "outage", months))),
        demand_factor=np.exp(values["demand_volatility"] * normals(seed, "demand", months)),
        reversal_draw=series(seed, "reversal", months)[:, 0],
        government_draw=series(seed, "government", months)[:, 0],
        lender_draw=series(seed, "lender", months)[:, 0],
    )


def plant_events(labels: tuple[str, ...]) -> dict[str, FloatArray]:
    """Availability factors of single plants from dated events, plant name -> series."""
    prefix = "plant_availability_factor:"
    names = {
        row["field"].removeprefix(prefix) for row in table("events.csv") if row["field"].startswith(prefix)
    }
    return {name: apply_events(labels, prefix + name, np.ones(len(labels))) for name in sorted(names)}


def fuel_costs(
    scenario: Scenario, labels: tuple[str, ...], seed: int, values: dict[str, float]
) -> dict[str, FloatArray]:
    """Fuel cost by fuel in USD per MWh: observed months, then the mean of the last year on a common random
    walk.
    """
    rows, months = table("fuel_cost_monthly.csv"), len(labels)
    shape = walk(1.0, 0.0, values["fuel_price_volatility_per_year"], normals(seed, "fuel_price", months))
    found = {}
    for fuel in (column for column in rows[0] if column != "month"):
        known = observed("fuel_cost_monthly.csv", fuel)
        usd_per_mwh = np.array(list(known.values())) / values["local_per_usd"] * 1000.0
        late = bisect.bisect_right(labels, max(known))
        path = float(np.mean(usd_per_mwh[-12:])) * shape / shape[late if late < months else 0]
        if scenario.drivers == "replay":
            cost = dict(zip(known, usd_per_mwh.tolist(), strict=True))
            path[:late] = [cost.get(label, path[t]) for t, label in enumerate(labels[:late])]
        found[fuel] = path
    return found


def parameter_events(scenario: Scenario, labels: tuple[str, ...]) -> dict[int, list[tuple[str, float]]]:
    """Dated changes of country values by month of the run: (parameter, value); after its end an event no
    longer holds.
    """
    found: dict[int, list[tuple[str, float]]] = {}
    if scenario.drivers != "replay" or scenario.country != "pakistan":
        return found
    values = scenario.values()
    fields = {row["field"] for row in table("events.csv")} & parameters().keys() - scenario.overrides.keys()
    for field in sorted(fields):
        path = apply_events(labels, field, np.full(len(labels), values[field]))
        last = values[field]
        for t, value in enumerate(path):
            if value != last:
                found.setdefault(t, []).append((field, float(value)))
                last = value
    return found


def events_abroad(labels: tuple[str, ...], scenario: Scenario) -> FloatArray:
    """Dated events at sites abroad by month of the run: share of sites lost for good, share left running.

    Events in the host country are left out: there its regime says what happens. Shape (months, 2).
    """
    found = np.tile([0.0, 1.0], (len(labels), 1))
    if scenario.drivers != "replay":
        return found
    for row in table("events_abroad.csv"):
        if row["month"] in labels and row["country"] != scenario.country:
            t, share = labels.index(row["month"]), float(row["share"])
            found[t] = [share, found[t, 1]] if row["kind"] == "closed" else [found[t, 0], 1.0 - share]
    return found


def conditions_abroad(labels: tuple[str, ...]) -> FloatArray:
    """What a site abroad costs over its cost of today, and the season of power where miners follow rivers.

    Site costs are dated anchors, log-linear between them. The season is a factor by calendar month with mean
    1 that ends with the last month of its rows. Shape (months, 2).
    """
    anchors = {row["month"]: float(row["index"]) for row in table("site_cost_abroad.csv")}
    found = np.ones((len(labels), 2))
    found[:, 0] = interpolate_anchors(anchors, labels[0], len(labels))
    season = {row["calendar_month"]: row for row in table("power_season_abroad.csv")}
    for t, label in enumerate(labels):
        row = season[label[-2:]]
        if label <= row["until"]:
            found[t, 1] = float(row["factor"])
    return found
