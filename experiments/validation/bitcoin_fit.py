"""Fit of the world's miners to 2017-2020: what they rule out, identify and leave open.

1. History matching. Runs over the whole prior train an emulator of seventeen facts (``bitcoin_statistics``).
   Points whose emulated implausibility is 3 or more are discarded; of seventeen facts the second largest
   counts, as usual where there are ten or more, so that no single error of the emulator discards a point.
2. Posterior. New runs over what is left, a seed each, are weighted (``posterior``). The ensemble is a hundred
   of them in proportion to their weights, each with the seed of its run. What 2017-2020 cannot identify keeps
   the width of its prior.
3. Checks. Known draws are inferred from their own runs; a second estimator does without the weights.

The registry carries the row ``published`` of ``bitcoin_ensemble.csv``: the median of the posterior, parameter
by parameter.
Nothing after December 2020 is run or read here. Run with ``python -m experiments.validation.bitcoin_fit``
(about ten minutes of one core).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from experiments.progress import SECONDS_BETWEEN_LINES, print_line
from experiments.validation.bitcoin_run import FITTED_MONTHS, fitted_errors, hindcast_world
from experiments.validation.bitcoin_statistics import (
    discrepancy_sd,
    error_covariance,
    left_out_errors,
    observed_statistics,
    simulated_statistics,
    statistics,
    tolerances,
)
from experiments.validation.posterior import (
    CUTOFF,
    INTERVAL,
    Bank,
    Recovery,
    Sample,
    emulate,
    implausibility,
    neural_sample,
    posterior,
    recover,
)

FloatArray = npt.NDArray[np.float64]
# Prior ranges: the facts that bound them are in the notes of sim/data/parameters.csv
PRIORS = {
    "rig_supply_gw_per_month": (0.3, 0.75),
    "rig_supply_elasticity": (0.1, 0.8),
    "rig_rent_share": (0.1, 0.7),
    "rig_lowest_markup": (0.15, 1.0),
    "rig_price_adjustment": (0.1, 0.7),
    "rig_delivery_months": (1.0, 4.0),
    "miner_hurdle_npv_mean": (0.0, 0.6),
    "miner_hurdle_npv_spread": (0.1, 0.5),
    "hashprice_decline_per_month": (0.0, 0.02),
    "hash_growth_weight": (0.0, 1.0),
    "hash_growth_memory_months": (3.0, 24.0),
    "world_build_months": (1.0, 8.0),
    "world_expansion_share": (0.3, 2.0),
    "used_scrap_per_month": (0.0, 0.05),
    "obsolete_sale_share": (0.05, 0.5),
    "exit_months": (2.0, 6.0),
    "world_power_log_spread": (0.2, 0.45),
    "world_power_median_usd_per_kwh": (0.04, 0.055),
    "consider_probability_per_month": (0.3, 1.0),
    "halving_revenue_share": (0.5, 0.8),
    "world_hosted_share": (0.1, 0.7),
    "world_river_share": (0.25, 0.4),
}
LOW, HIGH = np.array(list(PRIORS.values())).T
# Runs over the prior and over what is not implausible, powers of two; members; known draws of the recovery
PRIOR_LOG2, REGION_LOG2, PROPOSALS_LOG2 = 14, 16, 21
MEMBERS, KNOWN = 100, 500
EMULATED_RANK = 2
PARTS = 64  # of the proposals, one after another in the emulator: memory
# Variance over seeds: mean over the draws nearest to the record; a set is judged by its mean over more seeds
NEAR_DRAWS, NEAR_SEEDS, SET_SEEDS = 50, 8, 40
# A parameter counts as identified if its 90 % interval is narrower than that of its prior by this share
IDENTIFIED = 0.2
RANDOM = 20261124
ERRORS = ("hash", "efficiency", "markup", "halving")


def parameters_of(point: FloatArray) -> dict[str, float]:
    """Overrides of a point in the order of ``PRIORS``."""
    return {name: float(value) for name, value in zip(PRIORS, point, strict=True)}


def fitted_run(point: FloatArray, seed: int) -> dict[str, FloatArray]:
    """Run of a point that ends with December 2020."""
    return hindcast_world(parameters_of(point), seed).run(FITTED_MONTHS)


def facts_of(points: FloatArray, seeds: Sequence[int], name: str) -> FloatArray:
    """Facts of a run of each point with its seed, (points, facts); tells on stderr how far it is."""
    found, said = [], time.monotonic()
    for point, seed in zip(points, seeds, strict=True):
        found.append(simulated_statistics(fitted_run(point, seed)))
        if time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            print_line(f"{name}: {len(found):,} of {len(points):,} runs")
    return np.array(found)


def prior_points(log2: int) -> FloatArray:
    """Scrambled Sobol points over the prior."""
    unit = qmc.Sobol(len(PRIORS), rng=np.random.default_rng(RANDOM)).random_base2(log2)
    return LOW + unit * (HIGH - LOW)


def seed_variance(points: FloatArray, simulated: FloatArray) -> FloatArray:
    """Variance of each fact over seeds, mean over the draws nearest to the record."""
    misses = np.square((simulated - observed_statistics()) / tolerances()).mean(axis=1)
    near = points[np.argsort(misses, kind="stable")[:NEAR_DRAWS]]
    seeds = list(range(NEAR_SEEDS)) * NEAR_DRAWS
    facts = facts_of(np.repeat(near, NEAR_SEEDS, axis=0), seeds, "seeds")
    return facts.reshape(NEAR_DRAWS, NEAR_SEEDS, -1).var(axis=1, ddof=1).mean(axis=0)


def region_points(
    points: FloatArray, simulated: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, float]:
    """Points of the prior that the emulator does not find implausible, and their share of the prior."""
    emulator, unseen = emulate(points, simulated, RANDOM)
    variance = np.diag(covariance) + np.var(simulated[-len(unseen) :] - unseen, axis=0)
    proposals = prior_points(PROPOSALS_LOG2)
    parts = np.array_split(proposals, PARTS)
    distance = np.concatenate(
        [implausibility(emulator(part), observed_statistics(), variance, EMULATED_RANK) for part in parts]
    )
    kept = proposals[distance < CUTOFF]
    if len(kept) < 2**REGION_LOG2:
        raise ValueError(
            f"{len(kept)} of {len(proposals)} points are not implausible, {2**REGION_LOG2} needed"
        )
    return kept[: 2**REGION_LOG2], len(kept) / len(proposals)


@dataclass(frozen=True)
class Fit:
    """All that the tables are written from."""

    first: FloatArray
    covariance: FloatArray
    bank: Bank
    seeds: list[int]
    kept_share: float
    sample: Sample
    second: Sample
    recovery: Recovery


def fit() -> Fit:
    """Match, weight, recover known draws, estimate a second time."""
    points = prior_points(PRIOR_LOG2)
    first = facts_of(points, range(len(points)), "prior")
    covariance = error_covariance(first)
    variance = seed_variance(points, first)
    region, share = region_points(points, first, covariance)
    seeds = list(range(len(points), len(points) + len(region)))
    bank = Bank(region, facts_of(region, seeds, "not implausible"), variance)
    generator = np.random.default_rng(RANDOM)
    print_line("recovery of known draws, second estimator")
    recovery = recover(bank, covariance, KNOWN, generator)
    second = neural_sample(bank, observed_statistics(), covariance, generator)
    sample = posterior(bank, observed_statistics(), covariance)
    return Fit(first, covariance, bank, seeds, share, sample, second, recovery)


def published_point(found: Fit) -> FloatArray:
    """Median of the posterior, parameter by parameter, with the four digits that the registry keeps."""
    return np.array([float(f"{value:.4g}") for value in found.sample.quantiles((0.5,))[0]])


def published_row(found: Fit) -> dict[str, object]:
    """The published set: facts and errors are means over ``SET_SEEDS`` seeds."""
    point = published_point(found)
    runs = [fitted_run(point, seed) for seed in range(SET_SEEDS)]
    facts = np.mean([simulated_statistics(run) for run in runs], axis=0)
    variance = found.bank.variance(found.covariance, SET_SEEDS)
    errors = [fitted_errors(run) for run in runs]
    mean = {name: float(np.mean([error[name] for error in errors])) for name in ERRORS}
    distance = float(implausibility(facts[None], observed_statistics(), variance)[0])
    return _ensemble_row("published", "", point, distance, mean)


def _ensemble_row(
    member: str, seed: int | str, point: FloatArray, distance: float, errors: Mapping[str, float]
) -> dict[str, object]:
    named = {f"{name}_error": errors[name] for name in ERRORS}
    return {"member": member, "seed": seed, **parameters_of(point), "implausibility": distance, **named}


def ensemble_rows(found: Fit) -> list[dict[str, object]]:
    """The published set, and the members with their seeds."""
    rows = [published_row(found)]
    bank = found.bank
    distance = implausibility(bank.simulated, observed_statistics(), bank.variance(found.covariance))
    places = found.sample.resampled(MEMBERS, np.random.default_rng(RANDOM))
    for member, place in enumerate(places):
        point, seed = bank.draws[place], found.seeds[place]
        errors = fitted_errors(fitted_run(point, seed))
        rows.append(_ensemble_row(str(member), seed, point, float(distance[place]), errors))
    return rows


def parameter_rows(found: Fit) -> list[dict[str, object]]:
    """By parameter: prior, posterior, how much narrower, second estimator, recovery of known draws."""
    shares = (INTERVAL[0], 0.5, INTERVAL[1])
    (low, middle, high), mean = found.sample.quantiles(shares), found.sample.mean()
    second_low, _, second_high = found.second.quantiles(shares)
    second_mean = found.second.mean()
    sd = np.sqrt(found.sample.weights @ np.square(found.sample.draws - mean))
    narrower = 1.0 - (high - low) / ((INTERVAL[1] - INTERVAL[0]) * (HIGH - LOW))
    agree = (low <= second_mean) & (second_mean <= high) & (second_low <= mean) & (mean <= second_high)
    columns = {
        "prior_low": LOW, "prior_high": HIGH, "low": low, "median": middle, "high": high, "mean": mean,
        "narrower": narrower, "identified": narrower >= IDENTIFIED,
        "second_low": second_low, "second_mean": second_mean, "second_high": second_high,
        "gap_sd": (second_mean - mean) / sd, "agree": agree,
        "recovery_coverage": found.recovery.coverage(), "recovery_p": found.recovery.uniformity(),
    }  # fmt: skip
    return [
        {"parameter": name} | {column: values[i].item() for column, values in columns.items()}
        for i, name in enumerate(PRIORS)
    ]


def fact_rows(found: Fit) -> list[dict[str, object]]:
    """By fact: record, what the model says of it, and the standard deviations that it may be missed by."""
    seen, bank, sample = observed_statistics(), found.bank, found.sample
    used = sample.weights > 0.0
    point = published_point(found)
    published = np.mean([simulated_statistics(fitted_run(point, seed)) for seed in range(SET_SEEDS)], axis=0)
    single = np.abs(found.first - seen) / np.sqrt(bank.variance(found.covariance))
    columns = {
        "record": seen, "posterior_mean": sample.weights[used] @ bank.simulated[used], "published": published,
        "record_sd": np.array([fact.observation_sd for fact in statistics()]),
        "seed_sd": np.sqrt(bank.seed_variance), "discrepancy_sd": discrepancy_sd(found.first),
        "left_out_error": left_out_errors(found.first), "prior_share": np.mean(single < CUTOFF, axis=0),
    }  # fmt: skip
    return [
        {"fact": fact.id} | {column: float(values[i]) for column, values in columns.items()}
        for i, fact in enumerate(statistics())
    ]


def summary_rows(found: Fit) -> list[dict[str, object]]:
    """Shares of the prior that survive, and how much the weighted sample is worth."""
    distance = implausibility(
        found.bank.simulated, observed_statistics(), found.bank.variance(found.covariance)
    )
    inside = float(np.mean(distance < CUTOFF))
    values = {
        "prior_runs": len(found.first), "region_runs": len(found.bank.draws),
        "emulated_share": found.kept_share, "surviving_share": found.kept_share * inside,
        "effective_draws": found.sample.effective, "known_draws": KNOWN,
        "known_draws_discarded": found.recovery.discarded,
    }  # fmt: skip
    return [{"quantity": name, "value": value} for name, value in values.items()]


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()})


def write_fit(folder: Path) -> None:
    """Fit and write the four tables."""
    found = fit()
    _write(folder / "bitcoin_ensemble.csv", ensemble_rows(found))
    _write(folder / "bitcoin_fit_parameters.csv", parameter_rows(found))
    _write(folder / "bitcoin_fit_facts.csv", fact_rows(found))
    _write(folder / "bitcoin_fit_summary.csv", summary_rows(found))


if __name__ == "__main__":
    write_fit(Path("sim/data/targets"))
