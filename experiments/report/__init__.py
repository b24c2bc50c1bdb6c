"""The report of a results directory: ``report.md``, ``report.html``, ``numbers.csv`` and ``numbers.tex``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments.store import atomic_write

if TYPE_CHECKING:
    import pandas as pd

    from experiments.results import Results


# The study of one assumption at a time.
WHAT_IF = "what-if"


def write_report(table: pd.DataFrame, results: Results, root: Path) -> list[Path]:
    """Write the report of a comparison (``experiments.analysis.compare``); its figures are in ``root``.

    Raises StoreError if a number, figure or table of evidence that the report quotes does not exist.
    """
    from experiments.report import page, reading
    from experiments.report.numbers import Number, numbers_csv, numbers_of, numbers_tex
    from experiments.tables import headline_table

    numbers = numbers_of(table, results)
    numbers["study/size"] = Number(f"--{results.sweep['size']}")
    drawn = page.figure_facts(root / "figures")
    others = [facts for name, facts in drawn.items() if name not in page.placed_figures()]
    blocks = {
        "headline": reading.headline(table, results),
        "headline_table": headline_table(table, results),
        "regimes": reading.regimes(table, results),
        "robustness": list(reading.robustness(table, results)),
        "changes": reading.changes(results.of_study(WHAT_IF)),
        "validation": reading.validation(results.evidence("validation")),
        "other_figures": [line for facts in others for line in page.figure_block(facts)],
    }
    text = page.fill(numbers, blocks, root / "figures")
    contents = {
        "report.md": text,
        "report.html": page.html(text, root),
        "numbers.csv": numbers_csv(numbers),
        "numbers.tex": numbers_tex(numbers),
    }
    for name, content in contents.items():
        atomic_write(root / name, content.encode())
    return [root / name for name in contents]
