"""Government, lender, consumers and workers: reviews, refusals, demand response, solar, and people who
come and go.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.base import new_records
from agents.consumer import Consumer
from agents.government import (
    CAP,
    CRACK_DOWN,
    CUT_TARIFF,
    HOLD,
    LOWER_LEVY,
    OPTIONS,
    RAISE_LEVY,
    RESTORE_TARIFF,
    STAND_DOWN,
    WIDEN,
    Government,
    available,
    option_score,
    share_gap,
)
from agents.lender import Lender
from agents.policy import FIXED, INCREMENTAL_PACKAGE, MARGINAL_COST_PLUS, STANDARD_INDUSTRIAL
from tests.agents.observed import VALUES, month, set_all

WEIGHTS = {f"weight_{name}": 1.0 for name in ("revenue", "arrears", "shed", "jobs", "reserves")}
REVIEWED = {"review_months": 6.0, "tariff_rule": FIXED, **WEIGHTS}


UNMOVED = {"tariff_factor": 1.0, "quota_factor": 1.0, "inspection_factor": 1.0}
MOVED = {
    "tariff_factor": 0.9,
    "quota_factor": 0.9,
    "inspection_factor": 1.1,
    "levy_added_usd_per_kwh": 0.012,
}


def reviewed(draw: float = 0.5, world=None, policy=None, moved=None, **gaps: float):
    """A government after a review, with gaps to its targets; an intense choice takes the best option."""
    government = new_records(Government, 1)[0]
    set_all(government, {"draw": draw, **UNMOVED, **(moved or {})})
    set_all(government, {f"gap_{name}": value for name, value in gaps.items()})
    Government.review(government, *month(world, policy or REVIEWED, government_choice_intensity=20.0))
    return government


@pytest.mark.parametrize(
    ("gaps", "world", "choice"),
    [
        ({"revenue": 1.0, "jobs": -0.5}, {}, RAISE_LEVY),
        ({"jobs": 1.0, "reserves": 1.0}, {}, CUT_TARIFF),
        ({"shed": 1.0, "arrears": 1.0}, {}, CAP),
        ({}, {"illegal_mw": 1e6}, CRACK_DOWN),
        ({"jobs": 0.4, "reserves": -1.0}, {}, HOLD),
    ],
)
def test_the_government_pulls_the_lever_that_its_gaps_call_for(gaps, world, choice):
    assert reviewed(draw=0.25, world=world, **gaps).choice == choice


def test_each_lever_moves_its_instrument_by_a_step():
    step = VALUES["government_step_share"]
    levy = reviewed(revenue=1.0, jobs=-0.5)
    assert levy.levy_added_usd_per_kwh == pytest.approx(step * 0.12, rel=1e-12)
    assert reviewed(jobs=1.0, reserves=1.0).tariff_factor == pytest.approx(1.0 - step, rel=1e-12)
    assert reviewed(shed=1.0, arrears=1.0).quota_factor == pytest.approx(1.0 - step, rel=1e-12)
    assert reviewed(world={"illegal_mw": 1e6}).inspection_factor == pytest.approx(1.0 + step, rel=1e-12)


@pytest.mark.parametrize(
    ("world", "policy"),
    [
        ({}, {"review_months": 0.0}),
        ({"month": 0}, {"review_months": 6.0}),
        ({"month": 7}, {"review_months": 6.0}),
    ],
)
def test_no_review_before_its_time(world, policy):
    government = reviewed(world=world, policy={**REVIEWED, **policy}, revenue=1.0, jobs=-1.0)
    assert government.choice == HOLD
    assert government.levy_added_usd_per_kwh == 0.0


@pytest.mark.parametrize(
    ("gaps", "world", "choice", "field", "back"),
    [
        ({"revenue": -1.0, "jobs": 0.5}, {}, LOWER_LEVY, "levy_added_usd_per_kwh", 0.0),
        ({"jobs": -0.5, "revenue": 1.0, "arrears": 1.0}, {}, RESTORE_TARIFF, "tariff_factor", 1.0),
        ({"arrears": -1.0, "jobs": 1.0, "revenue": 1.0}, {}, WIDEN, "quota_factor", 1.0),
        ({}, {"illegal_mw": 0.0}, STAND_DOWN, "inspection_factor", 1.0),
    ],
)
def test_what_was_moved_is_taken_back_when_the_gap_turns_and_never_beyond(gaps, world, choice, field, back):
    moved = {field: MOVED[field]}
    policy = {**REVIEWED, "inspections_per_month": 1000.0}
    after = reviewed(draw=0.9999, world=world, policy=policy, moved=moved, **gaps)
    assert after.choice == choice
    assert float(after[field]) == pytest.approx(back, abs=1e-12)


def test_taking_back_scores_minus_the_change_and_holding_scores_nothing():
    government = new_records(Government, 1)[0]
    set_all(government, {**MOVED, "gap_revenue": 0.3, "gap_jobs": 0.2, "gap_shed": 0.7, "gap_arrears": -0.1})
    now = month({"illegal_mw": 50.0}, REVIEWED)
    scores = [option_score(government, *now, option) for option in range(OPTIONS)]
    assert scores[HOLD] == 0.0
    assert [-x for x in scores[1:5]] == scores[5:]


def test_options_that_make_no_sense_are_not_on_the_menu():
    """Nothing illegal: no raid. Offer closed: no terms to change. Nothing moved: nothing to take back."""

    def menu(world=None, policy=None, moved=None):
        government = new_records(Government, 1)[0]
        set_all(government, {**UNMOVED, **(moved or {})})
        seen, rules, _ = month(world, policy)
        return {option for option in range(OPTIONS) if available(government, seen, rules, option)}

    assert menu(policy={"tariff_rule": FIXED}) == {HOLD, RAISE_LEVY, CUT_TARIFF, CAP}
    assert menu(policy={"tariff_rule": STANDARD_INDUSTRIAL}) == {HOLD, RAISE_LEVY, CAP}
    assert menu({"illegal_mw": 5.0}, {"offer_open": 0}) == {HOLD, CRACK_DOWN}
    assert menu({"illegal_mw": 5.0}, {"tariff_rule": FIXED}, MOVED) == set(range(OPTIONS))


def test_equal_options_are_drawn_with_equal_chance():
    policy = {"review_months": 6.0, "tariff_rule": FIXED}
    choices = [int(reviewed(draw=(i + 0.5) / 500, policy=policy).choice) for i in range(500)]
    assert np.bincount(choices, minlength=OPTIONS).tolist() == [125] * 4 + [0] * 5


@pytest.mark.parametrize(
    ("value", "wanted", "gap"),
    [(0.0, 10.0, 1.0), (10.0, 10.0, 0.0), (5.0, 10.0, 0.5), (40.0, 10.0, -1.0), (-9.0, 3.0, 1.0)],
)
def test_gaps_are_shares_of_what_was_wanted(value, wanted, gap):
    assert share_gap(value, wanted) == gap


def lent(draw: float = 0.0, refusing: int = 0, world=None, policy=None, **values: float):
    lender = new_records(Lender, 1)[0]
    set_all(lender, {"draw": draw, "refusing": refusing})
    instruments = {"tariff_rule": FIXED, **(policy or {})}
    Lender.review(
        lender, *month(world, instruments, **{"lender_active": 1.0, "lender_review_months": 6.0, **values})
    )
    return lender


@pytest.mark.parametrize(
    ("rule", "tariff", "refuses"),
    [
        (FIXED, 0.104, 1),
        (FIXED, 0.105, 0),
        (FIXED, 0.20, 0),
        (INCREMENTAL_PACKAGE, 0.066, 1),
        (INCREMENTAL_PACKAGE, 0.067, 0),
        (MARGINAL_COST_PLUS, 0.066, 1),
        (MARGINAL_COST_PLUS, 0.08, 0),
        (STANDARD_INDUSTRIAL, 0.01, 0),
    ],
)
def test_the_lender_refuses_offers_below_the_cost_of_their_kind(rule, tariff, refuses):
    """Average cost 11 cents for one sector's tariff, marginal cost 7 for a rule open to all, less a
    tolerance of 5 %.
    """
    lender = lent(world={"offer_tariff_mean_usd_per_kwh": tariff}, policy={"tariff_rule": rule})
    assert (lender.refusing, lender.refusals) == (refuses, refuses)


def test_a_refusal_has_a_chance_and_stands_until_the_next_review():
    assert lent(draw=VALUES["lender_refusal_probability"]).refusing == 0
    assert lent(draw=VALUES["lender_refusal_probability"] - 1e-9).refusing == 1
    assert lent(refusing=1, draw=0.99, world={"month": 7}).refusing == 1
    assert lent(refusing=1, draw=0.99, world={"month": 12}).refusing == 0


def test_a_subsidy_above_the_cap_is_refused_and_delays_money_until_it_is_gone():
    """The offer covers its cost, but what it cost over the year is above the cap."""
    money = {"lender_tranche_usd": 1e9, "lender_subsidy_cap_gdp_share": 0.001}
    dear = {"offer_tariff_mean_usd_per_kwh": 0.2, "offer_subsidy_gdp_share": 0.0011}
    assert (lent(world=dear, **money).refusing, lent(world=dear, **money).withheld_usd) == (1, 1e9)
    spent = lent(world={**dear, "offer_subsidy_gdp_share": 0.0009}, **money)
    assert (spent.refusing, spent.withheld_usd) == (0, 0.0)
    patient = lent(draw=0.99, world=dear, **money)
    assert (patient.refusing, patient.withheld_usd) == (0, 0.0)
    closed = lent(world=dear, policy={"offer_open": 0}, **money)
    assert (closed.refusing, closed.withheld_usd) == (0, 1e9)


@pytest.mark.parametrize(("policy", "values"), [({"offer_open": 0}, {}), ({}, {"lender_active": 0.0})])
def test_there_is_nothing_to_refuse_without_lender_or_offer(policy, values):
    assert lent(refusing=1, policy=policy, **values).refusing == 0


def consumer(**values):
    one = new_records(Consumer, 1)[0]
    defaults = {
        "reference_tariff_usd_per_kwh": 0.12, "tariff_usd_per_kwh": 0.12, "short_elasticity": 0.1,
        "long_elasticity": 0.4, "demand_index": 1.0, "solar_potential_mw": 1000.0, "solar_mw": 50.0,
    }  # fmt: skip
    set_all(one, {**defaults, **values})
    return one


def test_demand_responds_at_once_by_the_short_and_in_the_end_by_the_long_elasticity():
    one = consumer(tariff_usd_per_kwh=0.15)
    flat = month({"month": 0}, demand_growth_per_year=0.0)
    Consumer.respond(one, *flat)
    first = one.demand_index
    speed = VALUES["demand_adjustment_per_month"]
    exponent = -0.1 + speed * (-0.4 + 0.1)
    assert first == pytest.approx(1.25**exponent, rel=1e-12)
    for _ in range(2000):
        Consumer.respond(one, *flat)
    assert one.demand_index == pytest.approx(1.25**-0.4, rel=1e-9)


def test_at_the_reference_tariff_demand_only_grows():
    one = consumer()
    Consumer.respond(one, *month({"month": 24}, demand_growth_per_year=0.05))
    assert one.demand_index == pytest.approx(1.05**2, rel=1e-12)


def adopted(months: int, **values) -> list[float]:
    one = consumer(**values)
    path = []
    for _ in range(months):
        Consumer.adopt(one, *month())
        path.append(float(one.solar_mw))
    return path


def test_solar_spreads_and_never_exceeds_its_potential():
    path = np.array(adopted(1200))
    assert (np.diff(path) >= 0.0).all()
    assert 990.0 < path[-1] <= 1000.0
    assert path[0] > 50.0


def test_a_month_of_adoption_is_the_bass_hazard_damped_by_payback():
    one = consumer()
    now = month()
    buyback = VALUES["net_metering_buyback_local_per_kwh"] / 281.0
    own = VALUES["solar_self_use_share"]
    saving = VALUES["solar_yield_kwh_per_kw_year"] * (own * 0.12 + (1.0 - own) * buyback)
    payback = VALUES["solar_capex_usd_per_kw"] / saving
    hazard = VALUES["solar_innovation"] + VALUES["solar_imitation"] * 0.05
    hazard *= math.exp(-VALUES["solar_payback_gain"] * (payback - VALUES["solar_payback_reference_years"]))
    Consumer.adopt(one, *now)
    assert one.solar_mw == pytest.approx(50.0 + 950.0 * hazard / 12.0, rel=1e-9)


def test_a_higher_tariff_speeds_up_solar():
    assert (
        adopted(12, tariff_usd_per_kwh=0.20)[-1] > adopted(12)[-1] > adopted(12, tariff_usd_per_kwh=0.08)[-1]
    )
    assert adopted(3, solar_potential_mw=0.0) == [50.0] * 3
