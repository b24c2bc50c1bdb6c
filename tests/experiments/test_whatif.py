"""One assumption at a time: paired differences per setting, and which settings reverse a finding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.errors import StoreError
from experiments.figures import what_if
from experiments.figures.base import style
from experiments.report.reading import changes
from experiments.whatif import moved

# Setting of each point, and what it makes of the effect of the offer on the net fiscal outcome.
POINTS = [({}, 5e6), ({"hurdle": 0.0}, 6e6), ({"hurdle": 1.0}, -7e6), ({"lender": 0.0}, 4e6)]
SEEDS = range(1, 7)


def made_up(points: list[tuple[dict[str, float], float]] = POINTS) -> Any:
    runs = []
    for point, (_, effect) in enumerate(points):
        for seed in SEEDS:
            luck = np.random.default_rng(seed).normal() * 1e5
            for regime, add in (("none", 0.0), ("offer", effect + luck)):
                values = {"energised_mw": 50.0 + 10.0 * point, "net_fiscal_usd": luck * 9 + add}
                runs.append({"point": point, "seed": seed, "regime": regime, **values})
    names = sorted({name for setting, _ in points for name in setting})
    table = pd.DataFrame(
        [{"point": i, **{f"set_{n}": setting.get(n) for n in names}} for i, (setting, _) in enumerate(points)]
    )
    return SimpleNamespace(
        runs=pd.DataFrame(runs),
        points=table,
        regimes=["none", "offer"],
        baseline="none",
        study={"name": "what-if"},
        label=lambda name: {"none": "No rules", "offer": "The offer"}[name],
        unit=lambda name: {"energised_mw": "MW", "net_fiscal_usd": "USD"}[name],
    )


def test_differences_are_paired_by_seed_at_each_setting():
    table = moved(made_up(), ["net_fiscal_usd"])
    mine = table[table["regime"] == "offer"].set_index(["assumption", "value"])
    luck = np.mean([np.random.default_rng(seed).normal() * 1e5 for seed in SEEDS])
    assert mine.loc[("hurdle", 1.0), "difference"] == pytest.approx(-7e6 + luck)
    assert mine.loc[("lender", 0.0), "difference"] == pytest.approx(4e6 + luck)
    assert table.loc[table["regime"] == "none", "difference"].isna().all()


def test_the_report_names_the_setting_that_reverses_a_finding_and_the_extremes_of_the_load():
    load, money = changes(made_up())[-2:]
    assert "50 MW at the defaults, from 60 MW (`hurdle` = 0) to 80 MW (`lender` = 0)" in load
    assert "at the defaults above that of No rules; over 3 settings above it in 2, below it in 1" in money
    assert "Reversed: below at `hurdle` = 1." in money


def test_a_point_that_moves_two_things_is_refused():
    with pytest.raises(StoreError, match="moves 2 assumptions"):
        moved(made_up([({}, 1e6), ({"hurdle": 1.0, "lender": 0.0}, 1e6)]), ["net_fiscal_usd"])


def test_the_figure_has_a_row_per_assumption_the_most_important_first():
    frame = what_if.load(made_up())
    with style():
        figure = what_if.draw(frame)
        figure.draw_without_rendering()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["hurdle (0, 1)", "lender (0)"]
    assert len(figure.axes) == 2
    assert min(text.get_fontsize() for text in figure.axes[0].get_yticklabels()) >= 6.0
