"""Computing hardware and sites abroad, published for AI firms: generations on sale, cooling by hour,
outside options.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.base import GENERATIONS, SITES
from sim.compiled import kernel
from sim.drivers import table
from sim.regimes import months_between

FloatArray = npt.NDArray[np.float64]
ON_SALE = 3
HOTTEST_MONTH, HOTTEST_HOUR = 7, 15


@dataclass(frozen=True)
class GpuFrontier:
    """GPU generations, observed, then projected: power and price per GPU, H100 equivalents, month of
    release.
    """

    kw_it: FloatArray
    usd: FloatArray
    h100_equivalents: FloatArray
    release_month: FloatArray


def build_gpu_frontier(start: str, values: dict[str, float]) -> GpuFrontier:
    """List generations in order of release. Projected ones draw and cost the same per GPU as the last
    observed one and compute more, at the rate of progress.
    """
    rows = table("gpus.csv")
    release = [float(months_between(start, row["available_from"])) for row in rows]
    names = ("kw_it_per_gpu", "usd_per_gpu", "h100_equivalents")
    columns = {name: [float(row[name]) for row in rows] for name in names}
    interval = values["gpu_release_interval_months"]
    factor = (1.0 + values["gpu_progress_per_year"]) ** (interval / 12.0)
    while len(release) < GENERATIONS:
        release.append(release[-1] + interval)
        columns["kw_it_per_gpu"].append(columns["kw_it_per_gpu"][-1])
        columns["usd_per_gpu"].append(columns["usd_per_gpu"][-1])
        columns["h100_equivalents"].append(columns["h100_equivalents"][-1] * factor)
    kw_it, usd, equivalents = (np.array(column[-GENERATIONS:]) for column in columns.values())
    return GpuFrontier(kw_it, usd * values["gpu_price_factor"], equivalents, np.array(release[-GENERATIONS:]))


def pue_factors(values: dict[str, float]) -> FloatArray:
    """Cooling overhead over its mean of the year by calendar month and hour, shape (12, 24): a season and
    a day, each a cosine with its peak in July and at three in the afternoon.
    """
    month = np.arange(1, 13)[:, None] - HOTTEST_MONTH
    hour = np.arange(24)[None, :] - HOTTEST_HOUR
    season = 1.0 + values["pue_season_amplitude"] * np.cos(2.0 * math.pi * month / 12.0)
    day = 1.0 + values["pue_day_amplitude"] * np.cos(2.0 * math.pi * hour / 24.0)
    return np.asarray(season * day)


def publish_hardware(world: np.ndarray, frontier: GpuFrontier) -> None:
    """Write what does not change in a run: generations and sites abroad."""
    world["gpu_kw_it"] = frontier.kw_it
    world["gpu_usd"] = frontier.usd
    world["gpu_h100_equivalents"] = frontier.h100_equivalents
    rows = table("sites_abroad.csv")
    if len(rows) != SITES:
        raise ValueError(f"sites_abroad.csv: {len(rows)} sites; allowed: {SITES}")
    world["site_premium_per_year"] = [float(row["country_premium_per_year"]) for row in rows]
    world["site_power_usd_per_kwh"] = [float(row["power_usd_per_kwh"]) for row in rows]
    world["site_pue"] = [float(row["pue"]) for row in rows]
    world["site_capex_usd_per_mw_it"] = [float(row["facility_capex_usd_per_mw_it"]) for row in rows]
    world["site_tax_rate"] = [float(row["income_tax_rate"]) for row in rows]
    world["site_open_months"] = [float(row["open_months"]) for row in rows]
    world["site_chip_success"] = [float(row["chip_success"]) for row in rows]


@kernel
def publish_computing(worlds, release_month, pue_factor):  # type: ignore[no-untyped-def]
    """Publish which generations are on sale this month, the newest that are out (1, others 0), and cooling
    by hour; ``pue_factor`` has calendar months in rows.
    """
    world = worlds[0]
    on_sale = 0
    for generation in range(len(release_month) - 1, -1, -1):
        world.gpu_on_sale[generation] = 0.0
        if release_month[generation] <= world.month and on_sale < ON_SALE:
            world.gpu_on_sale[generation] = 1.0
            on_sale += 1
    for hour in range(pue_factor.shape[1]):
        world.pue_factor[hour] = pue_factor[world.month_of_year - 1, hour]
