"""Figures of AI from evidence: bars in order of reach, dots per public dollar, and what captions state."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from experiments.figures import ai_constraints, ai_drivers, ai_support
from experiments.figures.base import style
from experiments.validation.ai_evidence import DRIVERS, bounds, per_musd


class Stored:
    """Stands in for results with one table of evidence."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def evidence(self, name: str) -> pd.DataFrame:
        return self.frame


def driver_table() -> pd.DataFrame:
    rows = [
        {
            "driver": name, "label": name.title(), "end": end, "value": value, "seeds": 4, "base_mw_it": 30.0,
            "change_mw_it": change, "change_low_mw_it": change - 1.0, "change_high_mw_it": change + 1.0,
        }
        for name, reach in (("small", 1.0), ("large", 9.0))
        for end, value, change in (("low", 0.5, -reach), ("high", 2.0, reach / 2.0))
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {"change_mw_it": "MW IT"}
    return frame


def test_drivers_are_drawn_in_order_of_their_reach():
    frame = ai_drivers.load(Stored(driver_table()))
    assert list(dict.fromkeys(frame["driver"])) == ["large", "small"]
    with style():
        figure = ai_drivers.draw(frame)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["Large (0.5 to 2)", "Small (0.5 to 2)"]
    assert "4 seeds" in ai_drivers.caption(frame)


def test_every_driver_has_a_range_around_its_value():
    for name in DRIVERS:
        low, high = bounds(name)
        assert low < high, name


def test_effect_per_dollar_is_a_ratio_of_means_and_nothing_without_an_outlay():
    effect, outlay = np.array([2.0, 4.0, 6.0]), np.array([1e6, 2e6, 3e6])
    ratio, low, high = per_musd(effect, outlay)
    assert (ratio, low, high) == pytest.approx((2.0, 2.0, 2.0))
    assert all(math.isnan(value) for value in per_musd(effect, np.zeros(3)))


def test_support_without_an_outlay_is_named_and_not_divided():
    measures = [name for name, *_ in ai_support.PANELS]
    rows = []
    for label, outlay in (("Priority", 0.0), ("Holiday", 1e8)):
        row = {"support": label, "label": label, "seeds": 5}
        for name in measures:
            value = math.nan if name.endswith("per_musd") and outlay == 0.0 else 1e6
            row |= {name: value, f"{name}_low": value, f"{name}_high": value}
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {}
    with style():
        figure = ai_support.draw(ai_support.load(Stored(frame)))
    notes = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert notes == [[], [], [], ["no outlay"], ["no outlay"]]


def test_the_caption_names_the_share_of_2030_and_what_binds():
    frame = pd.DataFrame({"month": ["2030-11", "2030-12", "2031-01"], "regime_label": "Offer"})
    for cause in ai_constraints.CAUSES:
        frame[cause] = 0.05
    frame["demand"], frame["risk"] = 0.5, 0.2
    for place, name in enumerate(ai_constraints.QUANTILES):
        frame[f"{ai_constraints.SHARE}_{name}"] = [0.5, 0.01 * (place + 1), 0.9]
    text = ai_constraints.caption(frame)
    assert "2030-12 new AI halls take 2.0 % of the allocation (1.0-3.0 %)" in text
    assert "demand at home (50 %), then country risk (20 %)" in text
