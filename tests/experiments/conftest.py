"""Results of the made-up study, run once for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.evidence import evidence_functions, gather_evidence
from experiments.figures import draw_figures
from experiments.results import Results, load_results
from experiments.runner import sweep_plan
from tests.experiments import fakes


@pytest.fixture(scope="session")
def results_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    sweep_plan(fakes.plan(), out, workers=1, execute=fakes.execute)
    wanted = {name: where for name, where in evidence_functions().items() if name in fakes.EVIDENCE}
    gather_evidence(out, "quick", on_step=str, functions=wanted)
    return out


@pytest.fixture(scope="session")
def drawn(results_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All figures that the made-up study can draw, drawn once."""
    out = tmp_path_factory.mktemp("figures")
    draw_figures(load_results(results_dir), out, fakes.FIGURES)
    return out


@pytest.fixture
def results(results_dir: Path) -> Results:
    return load_results(results_dir)
