"""The analysis of a study: the tables that suit its design, with units, and a page in words."""

from __future__ import annotations

from pathlib import Path

from experiments.analyse import write_analysis
from tests.experiments.test_sensitivity import swept


def test_a_sobol_study_gets_indices_with_intervals_its_dummy_and_the_variance_split(tmp_path: Path):
    results = swept(tmp_path, kind="sobol", points=16, replicates=16, seeds="factor", dummy=True)
    told: list[str] = []
    paths = write_analysis(results, tmp_path, told.append)
    assert [path.name for path in paths] == ["sensitivity.csv", "variance.csv", "analysis.md"]
    assert told == ["analysis: sensitivity", "analysis: variance"]
    page = paths[-1].read_text(encoding="utf-8")
    for part in ("| dummy | 0.00 [0.00, 0.00]", "| luck |", "total of the dummy 0.00", "Epistemic:"):
        assert part in page
    header, units, *rows = paths[0].read_text(encoding="utf-8").splitlines()
    assert header.startswith("regime,output,factor,first,first_low,first_high,total")
    assert units.startswith(",,,share,share")
    assert len(rows) == 2 * 4
