"""The transplant matrix and the plane of tariff and enforcement: numbers, readable text, and studies."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.design import expand, load_study, points_of
from experiments.figures import tariff_enforcement_phase, transplant_matrix
from experiments.figures.base import style
from sim import list_countries, list_regimes, parameters

REGIMES = ["none", "offer", "ban"]
COUNTRIES = ["here", "there"]


def fake_results(country: str, scale: float) -> SimpleNamespace:
    """Runs of one country in which the offer adds a fixed amount and the ban takes half of it away."""
    rows = []
    for seed in range(1, 7):
        for regime, effect in zip(REGIMES, (0.0, 2.0, -1.0), strict=True):
            row = dict.fromkeys(transplant_matrix.OUTPUTS, scale * (effect + 0.01 * seed * abs(effect)))
            row |= {
                "mining_mw": 10.0,
                "mining_grey_mw": 4.0,
                "mining_theft_mw": 1.0 if regime == "ban" else 0.0,
            }
            rows.append({"seed": seed, "point": 0, "regime": regime, **row})
    return SimpleNamespace(
        country=country, runs=pd.DataFrame(rows), regimes=REGIMES, baseline="none", label=str.upper,
        unit=lambda name: "USD", output_label=lambda name: name,
    )  # fmt: skip


def matrix() -> pd.DataFrame:
    results = [fake_results(country, scale) for country, scale in zip(COUNTRIES, (1.0, 1e3), strict=True)]
    return transplant_matrix.combined([transplant_matrix.cells(one) for one in results], "NONE")


def test_cells_are_paired_differences_within_the_country():
    frame = matrix().set_index(["country", "output", "regime"])
    offer = frame.loc[("there", "investment_usd", "offer")]
    assert offer["difference"] == pytest.approx(2e3 * 1.035)
    assert offer["pairs"] == 6
    assert offer["difference_low"] < offer["difference"] < offer["difference_high"]
    assert frame.loc[("there", "investment_usd", "ban"), "relative"] == pytest.approx(-0.965 / 2.07)
    assert frame.loc[("here", "illegal_share", "ban"), "difference"] == pytest.approx(0.1)
    assert frame.loc[("here", "illegal_share", "offer"), "difference"] == 0.0


def test_the_t_interval_is_that_of_the_tables():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    low, high = transplant_matrix.t_interval(values)
    half = 3.182446 * values.std(ddof=1) / 2.0
    assert (low, high) == pytest.approx((2.5 - half, 2.5 + half), rel=1e-6)
    assert np.isnan(transplant_matrix.t_interval(np.array([1.0]))).all()


def plane() -> pd.DataFrame:
    places = [(i, float(t), float(n)) for i, (t, n) in enumerate([(2, 0), (2, 8), (30, 0), (30, 8)])]
    points = pd.DataFrame(places, columns=["point", "set_regime.tariff_local_per_kwh",
                                           "set_regime.inspections_per_month"])  # fmt: skip
    runs = pd.DataFrame(
        {"point": point, "net_public_usd": (t - 10.0) * 1e6 + seed, "mining_licensed_mw": 40.0 / t,
         "mining_grey_mw": 3.0, "mining_theft_mw": 10.0 - n} for point, t, n in places for seed in (0.0, 2.0)
    )  # fmt: skip
    return tariff_enforcement_phase.load(SimpleNamespace(points=points, runs=runs))


def test_the_plane_is_the_mean_over_seeds_at_each_point():
    frame = plane().set_index(["tariff_local_per_kwh", "inspections_per_month"])
    assert (frame["runs"] == 2).all()
    assert frame.loc[(2.0, 8.0), "net_public_usd"] == pytest.approx(-8e6 + 1.0)
    assert frame.loc[(2.0, 8.0), "illegal_mw"] == pytest.approx(5.0)
    assert frame.loc[(2.0, 8.0), "licensed_share"] == pytest.approx(0.8)


@pytest.mark.parametrize(("module", "make"), [(transplant_matrix, matrix), (tariff_enforcement_phase, plane)])
def test_text_is_at_least_six_points_and_the_caption_complete(module, make):
    frame = make()
    with style():
        figure = module.draw(frame)
        figure.savefig(io.BytesIO(), format="pdf")
    texts = [
        text for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if text.get_text()
    ]
    assert min(text.get_fontsize() for text in texts) >= 6.0
    assert module.caption(frame).endswith(".")
    assert set(frame.attrs["units"]) <= set(frame.columns)


def test_the_transplant_study_has_every_regime_in_every_country():
    study = load_study("transplant")
    assert sorted(study.countries) == list_countries()
    assert sorted(study.regimes) == list_regimes()
    assert set(study.labels) == set(study.regimes)
    assert len(study.regimes) >= 10
    runs = expand(study, "quick", points_of(study, "quick", parameters()))
    assert len(runs) == len(study.regimes) * len(study.countries) * study.size("quick").seeds


def test_the_phase_study_spans_tariffs_around_marginal_cost_and_switches_everything_else_off():
    study = load_study("phase")
    tariffs = study.design.levels["regime.tariff_local_per_kwh"]
    assert min(tariffs) < 10.0 < 21.0 < max(tariffs)
    assert study.design.levels["regime.inspections_per_month"][0] == 0.0
    assert study.overrides["lender_active"] == 0.0
