"""Evidence is computed once, comes back as it was, and is refused when it is stale, altered or unknown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments import evidence
from experiments.errors import StoreError
from experiments.evidence import evidence_functions, gather_evidence, read_evidence

CALLS: list[str] = []
FUNCTIONS = {"made_up": f"{__name__}:made_up"}


def made_up(size: str) -> pd.DataFrame:
    CALLS.append(size)
    frame = pd.DataFrame({"month": ["2025-06", "2025-07"], "load": [1.5, 0.1 + 0.2]})
    frame.attrs["units"] = {"month": "calendar month", "load": "MW"}
    return frame


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    CALLS.clear()
    gather_evidence(tmp_path, "quick", on_step=str, functions=FUNCTIONS)
    return tmp_path


def test_every_listed_function_exists():
    from importlib import import_module

    for where in evidence_functions().values():
        module, _, function = where.partition(":")
        assert callable(getattr(import_module(module), function))


def test_a_table_comes_back_with_its_units_and_every_digit(stored: Path):
    frame = read_evidence(stored, "made_up")
    assert frame["load"].tolist() == [1.5, 0.1 + 0.2]
    assert frame["month"].tolist() == ["2025-06", "2025-07"]
    assert frame.attrs["units"]["load"] == "MW"
    assert (stored / "evidence" / "made_up.csv").read_text().splitlines()[1] == "calendar month,MW"


def test_fresh_evidence_is_not_computed_again_but_another_size_is(stored: Path):
    before = (stored / "evidence" / "made_up.csv").read_bytes()
    gather_evidence(stored, "quick", on_step=str, functions=FUNCTIONS)
    assert CALLS == ["quick"]
    gather_evidence(stored, "full", on_step=str, functions=FUNCTIONS)
    assert CALLS == ["quick", "full"]
    assert (stored / "evidence" / "made_up.csv").read_bytes() == before


def test_altered_or_stale_evidence_is_refused_and_renewed(stored: Path, monkeypatch: pytest.MonkeyPatch):
    path = stored / "evidence" / "made_up.csv"
    path.write_text(path.read_text().replace("1.5", "1.6"))
    with pytest.raises(StoreError, match="made by other code, or altered"):
        read_evidence(stored, "made_up")
    gather_evidence(stored, "quick", on_step=str, functions=FUNCTIONS)
    assert read_evidence(stored, "made_up")["load"].iloc[0] == 1.5
    monkeypatch.setattr(evidence, "evidence_code", lambda: "other")
    with pytest.raises(StoreError, match="made by other code, or altered"):
        read_evidence(stored, "made_up")


def test_unknown_evidence_is_one_clear_line(tmp_path: Path):
    with pytest.raises(StoreError, match="unknown evidence 'made_up'"):
        read_evidence(tmp_path, "made_up")
