"""Do differences between regimes keep their sign when agents decide by other rules? (acceptance test E4)"""

from __future__ import annotations

from itertools import product

import pandas as pd

from experiments.analysis import paired_difference
from experiments.errors import StoreError
from experiments.results import Results

# A finding stands if its sign holds in this share of all combinations of rules.
STANDS = 0.9


def combinations(results: Results) -> list[dict[str, str]]:
    """Name the variant of each group at every design point, in the order of the points.

    Raises StoreError if the study swaps no rules, or does something else as well.
    """
    design = results.study["design"]
    groups = design["variants"]
    if not groups or design["levels"] or design["kind"] != "factorial":
        name = results.study["name"]
        raise StoreError(f"{results.store.root}: {name} is no factorial of variants alone")
    order = sorted(groups)
    names = product(*([variant["name"] for variant in groups[group]] for group in order))
    return [dict(zip(order, chosen, strict=True)) for chosen in names]


def swapped(results: Results, outputs: list[str]) -> pd.DataFrame:
    """Tabulate the paired difference to the baseline of every regime and output under every combination.

    Columns: ``point``, one per group of rules, ``regime``, ``regime_label``, ``output``, ``difference``,
    ``difference_low``, ``difference_high``, ``side`` (1 above zero, -1 below, 0 not told apart) and, equal in
    all rows of a regime and output, ``same_sign_share``: the share of combinations in which the mean
    difference has the sign of the reference (the first variant of every group).
    """
    rows = []
    for point, names in enumerate(combinations(results)):
        here = results.runs[results.runs["point"] == point]
        for output in outputs:
            table = here.pivot(index="seed", columns="regime", values=output)
            for regime in results.regimes:
                if regime == results.baseline:
                    continue
                found = paired_difference(table[regime], table[results.baseline])
                rows.append(
                    {"point": point, **names, "regime": regime, "regime_label": results.label(regime)}
                    | {"output": output, "difference": found.mean}
                    | {"difference_low": found.low, "difference_high": found.high}
                    | {"side": int(found.low > 0.0) - int(found.high < 0.0)}
                )
    frame = pd.DataFrame(rows)
    frame["same_sign_share"] = 0.0
    for _, part in frame.groupby(["regime", "output"], sort=False):
        positive = part["difference"] > 0.0
        reference = bool(positive[part["point"] == 0].iloc[0])
        frame.loc[part.index, "same_sign_share"] = float((positive == reference).mean())
    return frame
