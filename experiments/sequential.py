"""Stop when the contrasts are known well enough: a study in rounds of seeds (P5 of the publication bar)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.analysis import paired_difference, replicate_matrix
from experiments.design import SizeName, Study
from experiments.inference import precise_enough
from experiments.results import Results, load_results
from experiments.runner import SweepResult, sweep


def sweep_until_precise(study: Study, size: SizeName, out: Path, **options: Any) -> SweepResult:
    """Sweep in rounds until every contrast of the stopping rule is precise enough or the size is used up.

    Each round is a sweep of its own with more seeds; what earlier rounds stored is not run again. Options as
    in :func:`experiments.runner.sweep_plan`.
    """
    if study.stopping is None:
        return sweep(study, size, out, **options)
    most, step = study.size(size).seeds, study.stopping.seeds_per_round
    seeds = min(step, most)
    while True:
        result = sweep(with_seeds(study, size, seeds), size, out, **options)
        if result.interrupted or result.failed or seeds == most:
            return result
        if not open_contrasts(load_results(out), study.stopping.smallest_effects):
            return result
        seeds = min(seeds + step, most)


def with_seeds(study: Study, size: SizeName, seeds: int) -> Study:
    """Return a study with another number of seeds at a size."""
    chosen = study.size(size).model_copy(update={"seeds": seeds})
    return study.model_copy(update={"sizes": {**study.sizes, size: chosen}})


def open_contrasts(results: Results, smallest_effects: dict[str, float]) -> list[tuple[str, str]]:
    """List output and regime of the contrasts with the baseline that are not precise enough yet."""
    found = []
    for output, smallest in smallest_effects.items():
        matrix = replicate_matrix(results, output)
        for regime in results.regimes:
            if regime == results.baseline:
                continue
            difference = paired_difference(matrix[regime], matrix[results.baseline])
            if not precise_enough(difference, smallest):
                found.append((output, regime))
    return found
