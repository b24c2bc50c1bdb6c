"""R5: results of a 24-month run stay what they were, unless the changelog says why they moved."""

from __future__ import annotations

import pandas as pd

from sim.variables import outputs
from tests.golden import record

# What holds across platforms: sums and mathematical functions differ in the last digits
RELATIVE_TOLERANCE = 1e-6


def test_every_output_of_every_golden_regime_is_what_was_recorded():
    _, expected = record.recorded()
    found = record.golden_table()
    assert list(found.index) == list(expected.index) == list(outputs())
    pd.testing.assert_frame_equal(found, expected, rtol=RELATIVE_TOLERANCE, atol=1e-12)


def test_the_recorded_reason_stands_in_the_changelog():
    reason, _ = record.recorded()
    assert record.explained(reason), reason


def test_a_reason_that_the_changelog_does_not_give_is_refused(capsys):
    before = record.TABLE.read_bytes()
    assert record.main(["because I felt like it"]) == 1
    assert "write it first" in capsys.readouterr().err
    assert record.TABLE.read_bytes() == before
