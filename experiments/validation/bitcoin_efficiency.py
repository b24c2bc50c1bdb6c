"""The published efficiency of the network, taken apart: what its recipe gives without any fleet.

The index of Cambridge (CBECI) is no measurement. It is a mean over a list of machine models: those released
in the last five years that pay for power at a reference price at the month's hashprice, weighted by age.
Applied to the observed hashprice the recipe says what the published series holds besides hashprice; applied
to the model's hashprice it compares like with like. ``sim/data/targets/fleet_efficiency.csv`` has the
estimates that do not rest on it.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from experiments.validation.bitcoin_run import LABELS, PLACE, observed_efficiency, rms
from sim.drivers import observed
from sim.parameters import data_text

FloatArray = npt.NDArray[np.float64]
# Reference power price of the index, USD/kWh, and weight of a model by full years since its release
REFERENCE_USD_PER_KWH = 0.05
WEIGHT_BY_AGE = np.array([1.0, 0.8, 0.6, 0.4, 0.2])
PREDICTED_FROM = "2021-01"


def _month(label: str) -> int:
    return int(label[:4]) * 12 + int(label[5:7]) - 1


@functools.cache
def _models() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Release month, J/TH and number of the models in each class of the list."""
    rows = list(csv.DictReader(data_text("targets", "machine_models.csv").splitlines()))
    columns = [[_month(row["released"]), float(row["j_per_th"]), float(row["models"])] for row in rows]
    released, j_per_th, models = np.array(columns, np.float64).T
    return released, j_per_th, models


def listed_j_per_th(month: str, hashprice_usd_per_ph_day: float) -> float:
    """Efficiency by the recipe of the index in a month at a hashprice, J/TH; nan if no model pays.

    Source: the index's published code and methodology (ccaf.io/cbnsi/cbeci/methodology), version 1.4.
    """
    released, j_per_th, models = _models()
    age = _month(month) - released
    highest = hashprice_usd_per_ph_day / (24.0 * REFERENCE_USD_PER_KWH)
    years = np.floor(age / 12.0).astype(int)
    listed = (years >= 0) & (years < len(WEIGHT_BY_AGE)) & (j_per_th < highest)
    if not listed.any():
        return float("nan")
    weight = WEIGHT_BY_AGE[years[listed]] * models[listed]
    return float(weight @ j_per_th[listed] / weight.sum())


def listed_errors(hashprice: Mapping[str, float]) -> dict[str, float]:
    """Error of log10 efficiency by the recipe against the published anchors, by month, at hashprices by
    month in USD/PH/day.
    """
    return {
        month: float(np.log10(listed_j_per_th(month, hashprice[month]) / value))
        for month, value in observed_efficiency().items()
        if month in PLACE
    }


def mean_by_year(errors: Mapping[str, float]) -> dict[str, float]:
    """Mean of errors by calendar year."""
    years = sorted({month[:4] for month in errors})
    return {y: float(np.mean([error for month, error in errors.items() if month[:4] == y])) for y in years}


def observed_hashprice() -> Mapping[str, float]:
    """Published hashprice by month, USD/PH/day."""
    return observed("bitcoin_monthly.csv", "hashprice_usd_per_ph_day")


def independent_estimates() -> list[dict[str, str]]:
    """Estimates of the fleet's efficiency that need no hashprice; ``used`` says which are targets."""
    return list(csv.DictReader(data_text("targets", "fleet_efficiency.csv").splitlines()))


def like_with_like(run: Mapping[str, FloatArray]) -> dict[str, float]:
    """Errors of log10 efficiency of a run: by the index's own recipe at the run's hashprice since 2021, and
    of its fleet against the independent estimates.
    """
    hashprice = dict(zip(LABELS, run["hashprice"].tolist(), strict=True))
    errors = {m: e for m, e in listed_errors(hashprice).items() if m >= PREDICTED_FROM}
    found = {"efficiency.like.rmse": rms(np.array(list(errors.values())))}
    found |= {f"efficiency.like.bias.{year}": error for year, error in mean_by_year(errors).items()}
    for row in independent_estimates():
        if row["used"] == "1":
            month, seen = row["month"], float(row["j_per_th"])
            error = float(np.log10(run["j_per_th"][PLACE[month]] / seen))
            found[f"efficiency.{row['method']}.{month}"] = error
    return found
