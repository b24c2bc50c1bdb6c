"""What the model says about every target of the bitcoin network, and what the best naive model says."""

from __future__ import annotations

import csv
import functools

import numpy as np
import numpy.typing as npt

from experiments.validation.bitcoin_benchmarks import (
    ahead_errors,
    benchmark_errors,
    benchmarks,
    diebold_mariano,
)
from experiments.validation.bitcoin_efficiency import like_with_like
from experiments.validation.bitcoin_fit import PRIORS
from experiments.validation.bitcoin_run import (
    FITTED_MONTHS,
    LABELS,
    MONTHS,
    PLACE,
    efficiency_error,
    fitted_errors,
    free_run,
    growth_since,
    hash_error,
    hindcast_world,
    observed_hash_ehs,
    rms,
)
from sim.parameters import data_text

FloatArray = npt.NDArray[np.float64]
Measures = dict[str, float]
# A median of five seeds moves by half the width of some bars from one five to the next
SEEDS = range(1, 41)
AHEAD_SEEDS = range(1, 6)
AHEAD_MONTHS = 12
BAND = (5.0, 95.0)
# Tiers of the published price index, J/TH: best class below 25 is a part of "new"
TIERS = {"new": (0.0, 38.0), "mid": (38.0, 68.0), "old": (68.0, 150.0)}
# Months of the index and where in them the day lies that it was published for: 7 May, 1 January, 31 December
INDEX_DAYS = {"2021-05": 6.5 / 31.0, "2022-01": 0.5 / 31.0, "2022-12": 30.5 / 31.0}
# Dealers' asking price of an S9 in press on China's markets: day in the month. The fit does not see them
S9_DAYS = {"2018-01": 22.5 / 31.0, "2018-03": 11.5 / 31.0, "2018-12": 3.5 / 31.0, "2019-05": 15.5 / 31.0,
           "2020-05": 14.5 / 31.0}  # fmt: skip
S9_J_PER_TH = 98.0
# Orders of companies: month, J/TH of the machine
ORDERS = {"2021-03": 29.8, "2023-06": 21.5, "2024-03": 17.5}


@functools.cache
def published_runs() -> tuple[dict[str, FloatArray], ...]:
    """Free runs of the registry's parameter set, one per seed."""
    return tuple(free_run(seed=seed) for seed in SEEDS)


@functools.cache
def published_path() -> dict[str, FloatArray]:
    """Median over the seeds of every series of the published parameter set."""
    runs = published_runs()
    return {name: np.median([run[name] for run in runs], axis=0) for name in runs[0]}


@functools.cache
def ensemble_runs() -> tuple[dict[str, FloatArray], ...]:
    """Free runs of the stored ensemble, each member with the seed whose run of 2017-2020 was weighted."""
    rows = csv.DictReader(data_text("targets", "bitcoin_ensemble.csv").splitlines())
    return tuple(
        free_run({name: float(row[name]) for name in PRIORS}, int(row["seed"])) for row in rows if row["seed"]
    )


def ensemble_quantiles(name: str, shares: tuple[float, ...]) -> FloatArray:
    """Percentiles of a series over the ensemble by month, shape (len(shares), months)."""
    return np.percentile([run[name] for run in ensemble_runs()], shares, axis=0)


@functools.cache
def ahead_forecasts() -> FloatArray:
    """Errors of log10 hash a year ahead from every origin since December 2020, mean over the seeds.

    Up to the origin the world is held at the observed hash rate month by month, then it runs freely.
    """
    seen, errors = observed_hash_ehs(), []
    for seed in AHEAD_SEEDS:
        world = hindcast_world(seed=seed)
        found = []
        for t in range(MONTHS - AHEAD_MONTHS):
            world.step()
            world.assimilate(float(seen[t]))
            if t >= FITTED_MONTHS - 1:
                ahead = world.copy().run(AHEAD_MONTHS)["hash_ehs"][-1]
                found.append(np.log10(ahead / seen[t + AHEAD_MONTHS]))
        errors.append(found)
    return np.mean(errors, axis=0)


def hash_facts() -> Measures:
    """Errors of world hash: fitted years, free run, ensemble, a year ahead; gains on naive models."""
    errors = hash_error(published_path())
    out = errors[FITTED_MONTHS:]
    seen = observed_hash_ehs()[FITTED_MONTHS:]
    members = [rms(hash_error(run)[FITTED_MONTHS:]) for run in ensemble_runs()]
    low, middle, high = ensemble_quantiles("hash_ehs", (BAND[0], 50.0, BAND[1]))[:, FITTED_MONTHS:]
    others = benchmark_errors()
    best = min(others, key=lambda name: rms(others[name]))
    statistic, _ = diebold_mariano(out, others[best], AHEAD_MONTHS)
    found = {
        "hash.fitted.rmse": rms(errors[:FITTED_MONTHS]),
        "hash.rmse": rms(out),
        "hash.bias": float(out.mean()),
        "hash.ensemble.rmse": rms(np.log10(middle / seen)),
        "hash.ensemble.member_rmse": float(np.median(members)),
        "hash.ensemble.coverage": float(np.mean((low <= seen) & (seen <= high)) * 100.0),
        "hash.ahead12.rmse": rms(ahead_forecasts()),
        "hash.diebold_mariano": statistic,
    }
    for name, error in others.items():
        found[f"hash.gain.{name}"] = (1.0 - rms(out) / rms(error)) * 100.0
    return found


def efficiency_facts() -> Measures:
    """Error of network efficiency since 2021, and its mean by year."""
    errors = efficiency_error(published_path(), "2021-01", "2025-12")
    found = {"efficiency.rmse": rms(np.array(list(errors.values())))}
    for year in sorted({month[:4] for month in errors}):
        found[f"efficiency.bias.{year}"] = float(
            np.mean([error for month, error in errors.items() if month[:4] == year])
        )
    return found


def episode_facts() -> Measures:
    """Halvings, the Chinese ban and the bear market, from the run of the published set, % or months."""
    hash_ehs = published_path()["hash_ehs"]
    found: Measures = {}
    for base in ("2020-05", "2024-04"):
        for month, growth in enumerate(growth_since(hash_ehs, base, 3), start=1):
            found[f"halving.{base[:4]}.month{month}"] = float(growth * 100.0)
    since = growth_since(hash_ehs, "2021-05", MONTHS - 1 - PLACE["2021-05"])
    trough = int(np.argmin(since[:6]))
    found["china.july"] = float(since[1] * 100.0)
    found["china.trough_month"] = float(trough + 1)
    found["china.regained_months"] = float(trough + 1 + np.argmax(since[trough:] >= 0.0))
    found["bear.hash"] = float((hash_ehs[PLACE["2023-01"]] / hash_ehs[PLACE["2022-01"]] - 1.0) * 100.0)
    hashprice = published_path()["hashprice"]
    found["bear.hashprice"] = float((hashprice[PLACE["2023-01"]] / hashprice[PLACE["2022-01"]] - 1.0) * 100.0)
    return found


def on_day(series: FloatArray, month: str, day: float) -> float:
    """Value on a day (its place in the month, 0 to 1) of a series of monthly means, which hold in mid
    month.
    """
    return float(np.interp(PLACE[month] + day - 0.5, np.arange(len(series)), series))


def price_facts() -> Measures:
    """Spot prices by tier of the index and of the S9 before it, makers' prices at the dates of known orders,
    USD per TH/s, and the fall of 2022 by tier, %.
    """
    frontier = hindcast_world().frontier
    prices, spot = published_path()["price_usd_per_ths"], published_path()["spot_usd_per_ths"]
    found: Measures = {}
    for month, day in INDEX_DAYS.items():
        released = frontier.release_month <= PLACE[month]
        for tier, (low, high) in TIERS.items():
            mine = released & (frontier.j_per_th > low) & (frontier.j_per_th <= high)
            found[f"price.{month}.{tier}"] = on_day(spot[:, mine].mean(axis=1), month, day)
    s9 = spot[:, np.flatnonzero(frontier.j_per_th == S9_J_PER_TH)[0]]
    for month, day in S9_DAYS.items():
        found[f"price.{month}.s9"] = on_day(s9, month, day)
    for month, j_per_th in ORDERS.items():
        nearest = int(np.argmin(np.abs(frontier.j_per_th - j_per_th)))
        found[f"price.{month}.order"] = float(prices[PLACE[month], nearest])
    for tier in TIERS:
        before, after = found[f"price.2022-01.{tier}"], found[f"price.2022-12.{tier}"]
        found[f"price.fall_2022.{tier}"] = (after / before - 1.0) * 100.0
    return found


def hashprice_facts() -> Measures:
    """Error of log10 hashprice since 2021."""
    from sim.drivers import observed

    known = observed("bitcoin_monthly.csv", "hashprice_usd_per_ph_day")
    seen = np.array([known[label] for label in LABELS[FITTED_MONTHS:]])
    mine = published_path()["hashprice"][FITTED_MONTHS:]
    return {"hashprice.rmse": rms(np.log10(mine / seen))}


def fitted_facts() -> Measures:
    """What the fit saw besides hash: efficiency and machine markups of 2017-2020."""
    errors = fitted_errors(published_path())
    return {"efficiency.fitted.rmse": errors["efficiency"], "markup.fitted.rmse": errors["markup"]}


def measure_bitcoin() -> tuple[Measures, Measures]:
    """Measure all targets: (model, best naive model if there is one), by target id without ``bitcoin.``."""
    model = (
        hash_facts()
        | fitted_facts()
        | hashprice_facts()
        | efficiency_facts()
        | like_with_like(published_path())
        | episode_facts()
        | price_facts()
    )
    others = benchmark_errors()
    naive = {
        "hash.rmse": min(rms(error) for error in others.values()),
        "hash.ahead12.rmse": min(rms(ahead_errors(path, AHEAD_MONTHS)) for path in benchmarks().values()),
    }
    return model, naive
