"""AI firms and labour against published facts: the break-even table, the worth of a point of risk, the fit
of the GPU price, and how much of the record is met.
"""

from __future__ import annotations

import pytest

from experiments.validate import Check, load_targets, validate
from experiments.validation.ai import CASES, UNIT
from experiments.validation.gpu_price import anchors, fit_gpu_price
from sim.parameters import parameters

PUBLISHED = {
    "us_9": 1.96, "us_12": 2.13, "pakistan_16": 2.30, "pakistan_20": 2.51, "pakistan_25": 2.78,
}  # fmt: skip


@pytest.mark.parametrize("part", ["ai", "labour"])
def test_targets_are_complete_and_say_what_was_fitted(part):
    targets = load_targets(part)
    assert len({target.id for target in targets}) == len(targets)
    for target in targets:
        assert target.id.startswith(f"{part}.")
        assert target.low <= target.target <= target.high, target.id
        assert target.kind in ("fitted", "predicted")
        assert target.source
        assert target.tolerance


@pytest.mark.parametrize("case", list(CASES))
def test_the_break_even_table_is_reproduced_within_ten_percent(case):
    assert CASES[case].break_even() == pytest.approx(PUBLISHED[case], rel=0.10)


def test_the_break_even_price_recovers_annuities_by_hand():
    """Monthly annuities of GPUs and of the building's used part, energy and upkeep, over billed hours."""
    case = CASES["us_9"]
    rate = 1.09 ** (1.0 / 12.0) - 1.0
    life, building = 60, 11e6
    used = building * (1.0 - (1.0 - life / 180.0) * 1.09**-5)
    annuity = rate / (1.0 - (1.0 + rate) ** -life)
    monthly = (32e6 + used) * annuity + 6e5 / 12.0 + 730.5 * 0.9 * 1.25 * 1000.0 * 0.06
    hours = 1000.0 / 1.275 * 730.5 * UNIT["billed_utilisation"]
    assert case.break_even() == pytest.approx(monthly / hours, rel=1e-6)


@pytest.mark.parametrize("case", list(CASES))
def test_a_point_of_the_cost_of_capital_is_worth_two_to_three_and_a_half_cents(case):
    assert 1.9 < CASES[case].cents_per_point() < 3.5


def test_power_is_a_small_part_of_the_cost_of_compute():
    assert all(4.0 < case.power_share() < 9.0 for case in CASES.values())


def test_the_gpu_price_of_the_registry_is_the_fit():
    fit = fit_gpu_price()
    rows = parameters()
    assert rows["gpu_price_drift_per_year"].value == pytest.approx(fit.drift, abs=0.01)
    assert rows["gpu_price_reversion_per_year"].value == pytest.approx(fit.reversion, rel=0.02)
    assert rows["gpu_price_volatility_per_year"].value == pytest.approx(fit.volatility, rel=0.02)
    assert rows["gpu_price_last_gap"].value == pytest.approx(fit.last_gap, abs=0.01)
    years, prices = anchors()
    # The first anchor was a scarcity: far above the trend that leads to the last one
    assert fit.first_gap > 0.4
    assert prices[0] - prices[-1] > -fit.drift * years[-1]


def met(checks: list[Check]) -> float:
    """Share of the targets that are met."""
    return sum(check.passed for check in checks) / len(checks)


@pytest.mark.slow
def test_most_of_the_record_is_met_and_misses_are_the_known_ones():
    ai, labour = validate("ai"), validate("labour")
    assert met(ai) >= 0.8
    assert met(labour) >= 0.65
    missed = {check.target.id for check in (*ai, *labour) if not check.passed}
    assert missed <= {
        "ai.months_to_open", "ai.gpu_price.2026-03", "ai.gpu_price.2026-06", "ai.power_share.run",
        "labour.construction.ai", "labour.expatriates", "labour.emigrants.electrical",
        "labour.emigrants.technician",
    }  # fmt: skip
