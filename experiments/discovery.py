"""Scenario discovery: in which corner of the uncertain factors a regime fails its goals (E2).

A classification tree (CART, scikit-learn) cuts the factors into boxes; the dense ones are kept and described
by coverage (share of the cases of interest in the box), density (share of cases of interest among its
worlds), the factors it restricts with a quasi-p value each, and how often a restriction returns when worlds
are resampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.errors import StudyError
from experiments.robust import goals_of, satisfied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.results import Results

SETTING = "set_"
# What a set of boxes should reach; the tree with the fewest boxes that does is taken.
DENSITY, COVERAGE = 0.8, 0.6
MOST_LEAVES = 8
SMALLEST_LEAF_SHARE = 0.05
STABILITY_RESAMPLES = 50
SEED = 20_250_525


@dataclass(frozen=True)
class Box:
    """A corner of the factors: limits by factor (one side may be infinite), and which worlds lie in it."""

    limits: dict[str, tuple[float, float]]
    inside: NDArray[np.bool_]


def worlds_of(results: Results, regime: str) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return what each world sets (worlds x factors, numbers) and whether the regime fails there."""
    columns = [name for name in results.points.columns if name.startswith(SETTING)]
    numeric = results.points.set_index("point")[columns].apply(_as_numbers)
    varying = numeric.loc[:, numeric.nunique() > 1]
    if varying.empty:
        raise StudyError(f"study {results.study['name']} varies nothing in which a scenario could be found")
    kept = satisfied(results, goals_of(results))[regime]
    places = kept.index.get_level_values("point")
    factors = varying.loc[places].rename(columns=lambda name: name.removeprefix(SETTING))
    return factors.reset_index(drop=True), ~kept.to_numpy()


def _as_numbers(column: pd.Series) -> pd.Series:
    """Code words by their alphabetical order; numbers and truth values stay."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    return pd.Series(pd.factorize(column, sort=True)[0], index=column.index, dtype=float)


def find_boxes(factors: pd.DataFrame, failing: NDArray[np.bool_]) -> list[Box]:
    """Find the fewest boxes with the wanted density and coverage; else those that come nearest to both."""
    if not 0 < failing.sum() < len(failing):
        return []
    found: list[tuple[float, list[Box]]] = []
    for leaves in range(2, MOST_LEAVES + 1):
        boxes = _dense(_boxes_of_tree(factors, failing, leaves), failing)
        density, coverage = quality(boxes, failing)
        if density >= DENSITY and coverage >= COVERAGE:
            return boxes
        found.append((min(density / DENSITY, coverage / COVERAGE), boxes))
    return max(found, key=lambda item: item[0])[1]


def quality(boxes: list[Box], failing: NDArray[np.bool_]) -> tuple[float, float]:
    """Density and coverage of a set of boxes together; zero for none."""
    inside = np.any([box.inside for box in boxes], axis=0) if boxes else np.zeros_like(failing)
    hits = float((inside & failing).sum())
    return (hits / inside.sum() if inside.any() else 0.0), hits / failing.sum()


def trade_off(factors: pd.DataFrame, failing: NDArray[np.bool_]) -> pd.DataFrame:
    """Density and coverage by the number of leaves of the tree: what a finer description buys."""
    rows = []
    for leaves in range(2, MOST_LEAVES + 1):
        boxes = _dense(_boxes_of_tree(factors, failing, leaves), failing)
        density, coverage = quality(boxes, failing)
        rows.append({"leaves": leaves, "boxes": len(boxes), "density": density, "coverage": coverage})
    return pd.DataFrame(rows)


def _dense(boxes: list[Box], failing: NDArray[np.bool_]) -> list[Box]:
    """Keep the boxes in which failing is the rule, or at least the densest one."""
    density = {id(box): failing[box.inside].mean() for box in boxes}
    kept = [box for box in boxes if density[id(box)] >= DENSITY]
    return kept or [max(boxes, key=lambda box: density[id(box)])]


def _boxes_of_tree(factors: pd.DataFrame, failing: NDArray[np.bool_], leaves: int) -> list[Box]:
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ImportError as error:
        raise StudyError("this needs scikit-learn: pip install -e '.[discovery]'") from error
    tree = DecisionTreeClassifier(
        max_leaf_nodes=leaves,
        min_samples_leaf=max(1, int(SMALLEST_LEAF_SHARE * len(factors))),
        random_state=0,
    )
    tree.fit(factors.to_numpy(), failing)
    leaf_of = tree.apply(factors.to_numpy())
    names = list(factors.columns)
    return [Box(limits, leaf_of == leaf) for leaf, limits in _leaves(tree.tree_, names, 0, {})]


def _leaves(
    tree: Any, names: list[str], node: int, limits: dict[str, tuple[float, float]]
) -> Iterator[tuple[int, dict[str, tuple[float, float]]]]:
    """Walk a tree: every leaf with the limits that lead to it."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:
        yield node, limits
        return
    name, cut = names[tree.feature[node]], float(tree.threshold[node])
    low, high = limits.get(name, (-np.inf, np.inf))
    yield from _leaves(tree, names, left, {**limits, name: (low, min(high, cut))})
    yield from _leaves(tree, names, right, {**limits, name: (max(low, cut), high)})


def discover(results: Results, regime: str) -> pd.DataFrame:
    """Describe the boxes in which a regime fails its goals: one row per box and restricted factor.

    Columns: ``box``, its ``density``, ``coverage`` and ``mass`` (share of all worlds), ``factor`` with
    ``low`` and ``high``, ``quasi_p`` (chance of so dense a box without this restriction) and ``stability``
    (share of resamples in which some box restricts the factor). Empty when the regime always or never fails.
    """
    factors, failing = worlds_of(results, regime)
    boxes = find_boxes(factors, failing)
    stability = _stability(factors, failing) if boxes else {}
    rows = []
    for number, box in enumerate(boxes, start=1):
        about = {
            "regime": regime,
            "box": number,
            "density": float(failing[box.inside].mean()),
            "coverage": float((box.inside & failing).sum() / failing.sum()),
            "mass": float(box.inside.mean()),
        }
        for name, (low, high) in box.limits.items():
            p = quasi_p(factors, failing, box, name)
            rows.append(
                {
                    **about,
                    "factor": name,
                    "low": low,
                    "high": high,
                    "quasi_p": p,
                    "stability": stability[name],
                }
            )
    return pd.DataFrame(rows)


def quasi_p(factors: pd.DataFrame, failing: NDArray[np.bool_], box: Box, name: str) -> float:
    """Chance of so dense a box among the worlds that it would hold without one restriction (PRIM)."""
    from scipy.stats import binom

    wider = np.ones(len(factors), dtype=bool)
    for other, (low, high) in box.limits.items():
        if other != name:
            values = factors[other].to_numpy()
            wider &= (values > low) & (values <= high)
    hits = int(failing[box.inside].sum())
    return float(binom.sf(hits - 1, int(box.inside.sum()), failing[wider].mean()))


def _stability(factors: pd.DataFrame, failing: NDArray[np.bool_]) -> dict[str, float]:
    """Share of bootstrap samples of worlds in whose boxes each factor is restricted."""
    generator = np.random.default_rng(SEED)
    counts = dict.fromkeys(factors.columns, 0)
    for _ in range(STABILITY_RESAMPLES):
        rows = generator.integers(len(factors), size=len(factors))
        boxes = find_boxes(factors.iloc[rows].reset_index(drop=True), failing[rows])
        for name in {name for box in boxes for name in box.limits}:
            counts[name] += 1
    return {name: count / STABILITY_RESAMPLES for name, count in counts.items()}
