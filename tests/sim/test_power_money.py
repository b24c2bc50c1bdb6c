"""Money of the power sector: quarterly adjustment, two-part tariff, theft, and who pays for a cheap offer."""

from __future__ import annotations

import numpy as np
import pytest

from agents.grid_operator import GridOperator
from agents.rules.tariff import loss_with_theft, unrecovered_usd
from sim import load_scenario
from sim.distribution import weak_shares
from sim.ledger import ROW_INDEX, D, T
from sim.model import WattLabModel
from tests.sim.lively import TINY, regime_file, run_months
from tests.sim.test_tariff_loop import run_year, small_utility

SALES_KWH = 1e6


def one_month(operator, world, par, energy_usd: float, capacity_usd: float) -> None:
    now = int(world.month) % 12
    operator.energy_cost_usd[now], operator.capacity_cost_usd[now] = energy_usd, capacity_usd
    operator.allowed_sales_mwh[now] = SALES_KWH / 1000.0
    GridOperator.adjust_tariff(operator, world, None, par)
    world.month += 1


def test_what_tariffs_left_uncollected_returns_in_the_next_quarter():
    operator, _, world, par = small_utility(0.0)
    for _ in range(3):
        one_month(operator, world, par, 40_000.0, 50_000.0)  # 10,000 a month more than the reference
    assert operator.quarterly_adjustment_usd_per_kwh * 3.0 * SALES_KWH == pytest.approx(30_000.0, rel=1e-9)
    assert operator.base_tariff_usd_per_kwh == 0.10
    for _ in range(3):
        one_month(operator, world, par, 40_000.0, 40_000.0)
    assert operator.quarterly_adjustment_usd_per_kwh == pytest.approx(0.0, abs=1e-15)


def test_fuel_is_passed_on_monthly_and_not_again_quarterly():
    operator, _, world, par = small_utility(0.0)
    for _ in range(3):
        one_month(operator, world, par, 60_000.0, 40_000.0)
    assert operator.fuel_adjustment_usd_per_kwh == pytest.approx(0.02, rel=1e-12)
    assert operator.quarterly_adjustment_usd_per_kwh == pytest.approx(0.0, abs=1e-15)


def test_seasons_of_the_reference_year_are_nobodys_news():
    """Sales that vary with the season leave gaps that close over the year: no adjustment at rest."""
    operator, _, world, par = small_utility(0.0)
    season = 1.0 + 0.4 * np.sin(2.0 * np.pi * np.arange(12) / 12.0)
    adjustments = []
    for month in range(48):
        now = month % 12
        operator.energy_cost_usd[now] = 40_000.0 * season[now]
        operator.capacity_cost_usd[now] = 40_000.0
        operator.allowed_sales_mwh[now] = 1000.0 * season[now]
        GridOperator.adjust_tariff(operator, world, None, par)
        world.month += 1
        adjustments.append(float(operator.quarterly_adjustment_usd_per_kwh))
    assert max(np.abs(adjustments[3:12])) > 1e-3  # the flat reference of the start knows no season
    np.testing.assert_allclose(adjustments[30:], 0.0, atol=1e-12)


@pytest.mark.parametrize("elasticity", [0.5, 2.0])
def test_a_fixed_charge_stops_the_spiral_that_a_charge_per_kwh_can_start(elasticity):
    """B12 in the model's own rules: eps s_F above 1 runs away; with fixed cost in a charge nothing moves."""
    prices = {}
    for share in (0.0, 1.0):
        operator, consumer, world, par = small_utility(elasticity)
        par.fixed_charge_share, par.quarterly_pass_through_share = share, 0.0
        for _ in range(12):
            run_year(operator, consumer, world, par, 0.04, 60_000.0)
        prices[share] = float(operator.base_tariff_usd_per_kwh)
        if share == 1.0:
            assert operator.base_tariff_usd_per_kwh == pytest.approx(0.04, rel=1e-12)
            assert operator.fixed_charge_usd_per_month == pytest.approx(80_000.0, rel=1e-12)
            assert consumer.demand_index > 1.0
    assert prices[0.0] > (1.0 if elasticity * 0.67 > 1.0 else 0.12)
    assert elasticity > 1.0 or prices[0.0] < 0.16


def test_cost_less_receipts_is_what_remains():
    assert unrecovered_usd(40.0, 60.0, 0.8, 100.0, 15.0) == pytest.approx(5.0)
    assert unrecovered_usd(40.0, 60.0, 1.0, 100.0, 10.0) == pytest.approx(-10.0)


@pytest.mark.parametrize(
    ("loss", "ratio", "elasticity", "expected"),
    [
        (0.18, 1.0, 0.5, 0.18),
        (0.18, 4.0, 0.5, 0.24),  # 0.12 + 0.06 * 2
        (0.18, 0.25, 0.5, 0.15),
        (0.18, 4.0, 0.0, 0.18),
        (0.10, 4.0, 0.5, 0.10),  # below the allowed level there is no theft to react
        (0.50, 100.0, 1.0, 0.90),
    ],
)
def test_theft_follows_the_tariff(loss, ratio, elasticity, expected):
    assert loss_with_theft(loss, 0.12, ratio, elasticity) == pytest.approx(expected, rel=1e-12)


def cheap_offer(folder, share: float) -> WattLabModel:
    regime = regime_file(folder, "pakistan-2025", tariff_local_per_kwh=5.0)
    scenario = load_scenario(
        regime=regime, months=12, population=TINY,
        overrides={"lender_active": 0.0, "network_hash_start_ehs": 250.0,
                   "special_gap_treasury_share": share},
    )  # fmt: skip
    model = WattLabModel(scenario, 2)
    run_months(model, 12)
    return model


def test_a_cheap_offer_has_a_payer(tmp_path):
    """The gap to marginal cost is paid by the treasury, or it is left to other consumers and arrears."""
    others, treasury = cheap_offer(tmp_path, 0.0), cheap_offer(tmp_path, 1.0)
    rows = [model.books.outputs() for model in (others, treasury)]
    gap = rows[1]["special_gap_usd"].clip(lower=0.0)
    assert gap.max() > 0.0
    np.testing.assert_allclose(rows[1]["special_gap_treasury_usd"], gap, rtol=1e-12)
    assert (rows[0]["special_gap_treasury_usd"] == 0.0).all()
    assert rows[1]["arrears_usd"].iloc[-1] < rows[0]["arrears_usd"].iloc[-1]
    # Average cost is above marginal cost, so the discount on it is the larger of the two at the end
    assert rows[0]["special_discount_usd"].iloc[-1] > rows[0]["special_gap_usd"].iloc[-1]
    paid = treasury.books.ledger.flows[:, ROW_INDEX["subsidy"], D]
    np.testing.assert_allclose(paid, rows[1]["subsidy_usd"], rtol=1e-12)
    np.testing.assert_allclose(-treasury.books.ledger.flows[:, ROW_INDEX["subsidy"], T], paid, rtol=1e-12)


def test_bills_of_the_classes_add_up_and_losses_are_what_was_not_billed(tmp_path):
    model = cheap_offer(tmp_path, 0.0)
    rows = model.books.outputs()
    classes = [f"bill_{name}_usd" for name in ("households", "industry", "commerce", "farms")]
    np.testing.assert_allclose(rows[classes].sum(axis=1), rows["consumer_bill_usd"], rtol=1e-12)
    bill, mwh = (model.state.consumers[name] for name in ("bill_usd", "energy_mwh"))
    above = bill - bill.sum() / mwh.sum() * mwh
    assert above[above > 0.0].sum() == pytest.approx(-above[above < 0.0].sum(), rel=1e-9)
    assert rows["cross_subsidy_usd"].iloc[-1] == pytest.approx(above[above > 0.0].sum(), rel=1e-9)
    share = rows["lost_mwh"] / (rows["lost_mwh"] + rows["others_energy_mwh"])
    allowed = model.values["allowed_loss_share"]
    np.testing.assert_allclose(
        rows["excess_loss_mwh"] / rows["lost_mwh"], (share - allowed) / share, rtol=1e-9
    )
    assert share.iloc[0] == pytest.approx(model.values["distribution_loss_share"], rel=1e-12)


def test_a_few_weak_distributors_make_most_of_the_gap():
    """By hand from the country file: Peshawar, Sindh and Quetta buy a fifth and lose three quarters."""
    country = load_scenario().country_data
    weak = [item for item in country.distributor if item.name in ("PESCO", "HESCO", "SEPCO", "QESCO")]
    bought = {item.name: item.sales_share / (1.0 - item.loss_share) for item in country.distributor}
    excess = {
        item.name: (item.loss_share - item.allowed_loss_share) * bought[item.name]
        for item in country.distributor
    }
    unpaid = {item.name: (1.0 - item.recovery_share) * item.sales_share for item in country.distributor}
    names = {item.name for item in weak}
    shares = weak_shares(country)
    assert shares.excess_loss == pytest.approx(
        sum(excess[n] for n in names) / sum(excess.values()), rel=1e-12
    )
    assert shares.unpaid == pytest.approx(sum(unpaid[n] for n in names) / sum(unpaid.values()), rel=1e-12)
    assert 0.7 < shares.excess_loss < 0.8
    assert sum(item.sales_share for item in weak) < 0.17
    assert weak_shares(country.model_copy(update={"distributor": []})) == (0.0, 0.0)


def test_the_gap_of_distributors_is_losses_and_unpaid_bills(tmp_path):
    model = cheap_offer(tmp_path, 0.0)
    rows, shares = model.books.outputs(), weak_shares(model.scenario.country_data)
    excess = rows["distributor_gap_usd"] - rows["unpaid_bills_usd"]
    assert (excess > 0.0).all()
    weak = shares.excess_loss * excess + shares.unpaid * rows["unpaid_bills_usd"]
    np.testing.assert_allclose(rows["weak_distributor_gap_usd"], weak, rtol=1e-9)
    support = model.values["loss_support_share"] * rows["distributor_gap_usd"]
    np.testing.assert_allclose(rows["loss_support_usd"], support, rtol=1e-9)
