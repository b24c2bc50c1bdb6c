"""Properties that hold for any input: books of any postings, files written at any moment, code that no
file can bring along.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.bench.processes import memory_growth_mb
from experiments.errors import StoreError
from experiments.store import atomic_write
from sim.ledger import ROWS, SECTORS, A, Ledger, LedgerError, M

ROOT = Path(__file__).resolve().parents[2]
POSTINGS = st.lists(
    st.tuples(
        st.sampled_from(ROWS),
        st.integers(0, len(SECTORS) - 1),
        st.integers(0, len(SECTORS) - 1),
        st.floats(-1e12, 1e12),
    ),
    max_size=60,
)


def books(postings) -> tuple[Ledger, np.ndarray]:
    """A month with the postings, and what each sector received net, added up without a ledger."""
    ledger, received = Ledger.empty(("2025-06",)), np.zeros(len(SECTORS))
    for row, payer, payee, amount in postings:
        ledger.post(0, row, payer, payee, amount)
        received[payee] += amount
        received[payer] -= amount
    return ledger, received


@given(POSTINGS)
def test_any_postings_close_and_every_sector_gets_what_was_paid_to_it(postings):
    ledger, received = books(postings)
    scale = max(1.0, sum(abs(amount) for *_, amount in postings))
    np.testing.assert_allclose(ledger.flows[0].sum(axis=1), 0.0, atol=1e-12 * scale)
    saving = ledger.flows[0].sum(axis=0).tolist()
    np.testing.assert_allclose(saving, received, atol=1e-12 * scale)
    ledger.check(0, {M: received[M], A: received[A]})


@given(POSTINGS, st.floats(1e-6, 1.0), st.sampled_from([M, A]))
def test_cash_that_differs_from_the_books_is_found(postings, error, sector):
    ledger, received = books(postings)
    scale = max(1.0, float(np.abs(ledger.flows[0]).max()), float(np.abs(ledger.flows[0, :, sector]).sum()))
    with pytest.raises(LedgerError, match=SECTORS[sector]):
        ledger.check(0, {sector: received[sector] + error * scale})


@given(st.binary(max_size=2000), st.binary(max_size=2000), st.sampled_from(["fsync", "replace"]))
def test_a_write_that_is_cut_off_leaves_the_file_as_it_was(tmp_path_factory, before, after, moment):
    path = tmp_path_factory.mktemp("store") / "part.bin"
    atomic_write(path, before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, moment, cut_off)
        with pytest.raises(StoreError, match="cut off"):
            atomic_write(path, after)
    assert path.read_bytes() == before
    atomic_write(path, after)
    assert path.read_bytes() == after


def cut_off(*arguments: object) -> None:
    raise OSError("cut off")


def test_no_module_loads_code_from_data():
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml", "cloudpickle"}
    calls = {"eval", "exec", "compile", "__import__"}
    for package in ("agents", "sim", "experiments"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not {name.split(".")[0] for name in names} & forbidden, path
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id not in calls, path
                shell = [k for k in getattr(node, "keywords", []) if getattr(k, "arg", "") == "shell"]
                assert not shell, path


@pytest.mark.long
@pytest.mark.compiled_only
def test_a_worker_that_makes_many_runs_does_not_grow():
    grown = memory_growth_mb(700, settled=300)
    if grown is None:
        pytest.skip("this system does not tell the memory of a process")
    # 400 runs: the allocator takes some MiB in steps, a model that stays alive would be 0.4 MiB a run
    assert grown < 10.0
