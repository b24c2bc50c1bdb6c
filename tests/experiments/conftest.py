"""Results of the made-up study, run once for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.results import Results, load_results
from experiments.runner import sweep_plan
from tests.experiments import fakes


@pytest.fixture(scope="session")
def results_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    sweep_plan(fakes.plan(), out, workers=1, execute=fakes.execute)
    return out


@pytest.fixture
def results(results_dir: Path) -> Results:
    return load_results(results_dir)
