"""Workers: conservation through every move, training that takes its time, the wage gap, tightness, and a
balance without this industry.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.base import TERMS, new_records
from agents.worker import SkillPool
from sim import load_scenario
from sim.model import WattLabModel
from tests.agents.observed import VALUES, month, set_all


def pool(**values):
    one = new_records(SkillPool, 1)[0]
    defaults = {
        "agent_id": 2, "reference_wage_usd": 300.0, "wage_usd": 300.0, "foreign_wage_usd": 900.0,
        "graduates_per_month": 40.0, "emigration_per_year": 0.06, "give_up_per_month": 0.01,
        "absorption_per_month": 0.05, "separation_per_month": 0.01, "retirement_per_month": 0.002,
        "available": 1000.0, "training": 40.0, "employed": 50.0, "elsewhere": 5000.0,
    }  # fmt: skip
    set_all(one, {**defaults, **values})
    return one


def heads(one) -> float:
    return float(one.training.sum() + one.available + one.employed + one.elsewhere)


@settings(deadline=None, max_examples=100)
@given(
    st.floats(0.0, 1e4), st.floats(0.0, 1e4), st.floats(0.0, 1e3), st.floats(0.0, 1e4),
    st.floats(100.0, 5000.0), st.floats(0.0, 500.0), st.floats(0.0, 1e5), st.floats(0.0, 1.0),
)  # fmt: skip
def test_people_are_conserved(available, training, places, vacancies, wage, employed, elsewhere, absorbed):
    one = pool(
        available=available, training=training, wage_usd=max(300.0, wage), employed=employed,
        elsewhere=elsewhere, absorption_per_month=absorbed,
    )  # fmt: skip
    now = month(policy={"training_places_per_month": places})
    before = heads(one)
    SkillPool.train_and_move(one, *now)
    moved = one.entered - one.emigrated - one.left_field
    assert heads(one) == pytest.approx(before + moved, rel=1e-12, abs=1e-9)
    one.vacancies, one.released = vacancies, 0.5 * employed
    before = heads(one)
    SkillPool.match(one, *now)
    assert heads(one) == pytest.approx(before, rel=1e-12, abs=1e-9)
    assert min(one.available, one.employed, one.training.min(), one.elsewhere) >= -1e-9
    assert one.matches <= vacancies


def test_training_takes_its_time_and_part_of_it_is_lost():
    """A cohort of 600 passes three terms: nobody at once, the mean after the training time, all but the
    drop-outs in the end.
    """
    one = pool(training=0.0, graduates_per_month=0.0)
    out = []
    for t in range(120):
        places = 600.0 if t == 0 else 0.0
        SkillPool.train_and_move(one, *month(policy={"training_places_per_month": places}))
        out.append(float(one.trained))
    assert one.trainees == 0.0
    months = np.arange(120)
    share = VALUES["training_completion_share"]
    assert sum(out) == pytest.approx(600.0 / 6.0 * share, rel=1e-6)
    assert out[:2] == [0.0, 0.0]
    # Each term lasts a geometric time with mean training_months / 3, counted from the month of entry
    assert (months * out).sum() / sum(out) == pytest.approx(VALUES["training_months"], rel=1e-3)
    assert np.argmax(out) > TERMS


def test_a_wider_wage_gap_drives_more_people_abroad():
    near, far = pool(foreign_wage_usd=900.0), pool(foreign_wage_usd=1800.0)
    for one in (near, far):
        SkillPool.train_and_move(one, *month())
    assert far.emigrated / near.emigrated == pytest.approx(2.0 ** VALUES["emigration_elasticity"], rel=1e-9)


def test_wages_rise_when_vacancies_stay_open_and_never_fall_below_the_reference():
    tight, slack = pool(available=10.0, vacancies=1000.0), pool(available=1000.0, vacancies=1.0)
    for one in (tight, slack):
        SkillPool.match(one, *month())
    assert 300.0 < tight.wage_usd <= 300.0 * (1.0 + VALUES["wage_growth_limit"])
    assert slack.wage_usd == 300.0
    assert tight.matches <= 10.0
    assert slack.matches <= 1.0


@pytest.mark.parametrize("country", ["pakistan", "kazakhstan", "malaysia"])
def test_without_this_industry_unemployment_and_employment_elsewhere_stay_put(country):
    """The rates that the country file implies balance the pool, unless graduates do not replace leavers."""
    population = {"miners": 1, "world_miners": 1, "ai_firms": 1}
    model = WattLabModel(load_scenario(country, months=1, population=population), 0)
    pools = model.state.skills.copy()
    model.close()
    for one in pools:
        start = float(one.available), float(one.elsewhere)
        quiet = month()
        for _ in range(24):
            SkillPool.train_and_move(one, *quiet)
        if one.give_up_per_month > 0.0:
            assert one.available == pytest.approx(start[0], rel=0.02)
            assert one.elsewhere == pytest.approx(start[1], rel=0.02)
        else:
            assert one.available < start[0]
