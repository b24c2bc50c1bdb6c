"""Markets that clear once a month: mining machines, computing, labour, and the spread of inspections."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.miner import Miner
from agents.policy import Policy
from agents.world import U_DELAY, World
from sim import load_scenario
from sim.compute_market import clear_compute
from sim.enforcement import collect_seizures, publish_detection
from sim.hardware import (
    SCRAP_USD_PER_THS,
    build_frontier,
    quote_machines,
    reference_bid_usd_per_ths,
    trade_machines,
)
from sim.parameters import parameter_record
from sim.settlement import ALL, FOREIGN, OWNERS, STATE, add_up
from sim.state import FLOW, flow_records, flow_view

VALUES = load_scenario().values()
PAR = parameter_record(VALUES)
NOBODY = new_records(Miner, 1)


def quoted(
    hashprice: float = 50.0,
    backlog_gw: float = 0.5,
    used_ths: float = 1e6,
    month: int = 0,
    delivery: float = 0.0,
    **values: float,
):
    """World with machine prices quoted once, months after the frontier's start, from the reference markup."""
    world, par = new_records(World, 1), parameter_record({**VALUES, **values})
    frontier = build_frontier("2025-06", VALUES)
    world["month"], world["months_to_halving"], world["delivery_months"] = month, 34.0 - month, delivery
    world["rig_j_per_th"] = frontier.j_per_th
    world["forecaster_share"] = 0.25
    world["forecast_log_hashprice"] = math.log(hashprice)
    world["used_stock_ths"], world["used_price_factor"] = used_ths, 1.0
    world["site_cost_factor_abroad"], world["hashprice_decline_per_month"] = 1.0, 0.008
    world["rig_markup"], world["rig_backlog_gw"] = VALUES["rig_reference_markup"], backlog_gw
    quote_machines(world, par, frontier.release_month, 1.0)
    return world[0], frontier, par


def test_the_frontier_is_sorted_observed_first_then_projected():
    frontier = build_frontier("2025-06", VALUES)
    assert len(frontier.j_per_th) == 16
    assert (np.diff(frontier.release_month) >= 0).all()
    assert (frontier.release_month < 0).sum() >= 5
    projected = frontier.j_per_th[-3:]
    interval = VALUES["rig_release_interval_months"]
    factor = (1.0 - VALUES["rig_improvement_per_year"]) ** (interval / 12.0)
    assert projected[1:] / projected[:-1] == pytest.approx([factor, factor], rel=1e-12)
    assert np.diff(frontier.release_month[-3:]).tolist() == [interval, interval]
    later = build_frontier("2026-06", VALUES)
    assert (frontier.release_month - later.release_month).tolist() == [12.0] * 16


def test_machines_of_the_future_are_not_for_sale():
    world, frontier, _ = quoted()
    future = frontier.release_month > 0
    assert future.any()
    assert (world.rig_on_sale[future] == 0.0).all()
    assert (world.rig_on_sale[~future] > 0.0).all()


def test_a_better_machine_costs_more_and_some_are_new_and_some_used():
    world, frontier, _ = quoted()
    released = np.flatnonzero(frontier.release_month <= 0)
    prices = world.rig_spot_usd_per_ths[released]
    by_efficiency = prices[np.argsort(-frontier.j_per_th[released])]
    assert (np.diff(by_efficiency) >= -1e-9).all()
    new = world.rig_on_sale[released] == 1.0
    assert new.any()
    assert not new.all()


def test_second_hand_prices_follow_hashprice_and_the_worst_end_as_scrap():
    """A machine that does not pay today keeps the price of the chance that it will; the chance shrinks."""
    worlds = [quoted(hashprice)[0] for hashprice in (120.0, 60.0, 40.0, 15.0)]
    used = worlds[0].rig_on_sale == 0.5
    prices = np.array([world.rig_price_usd_per_ths[used] for world in worlds])
    assert (np.diff(prices, axis=0) <= 0.0).all()
    assert (prices[0] > 10.0 * SCRAP_USD_PER_THS).any()
    assert prices[-1][0] == SCRAP_USD_PER_THS
    assert (prices[-1] < 0.1 * prices[0])[prices[0] > 20.0 * SCRAP_USD_PER_THS].all()


def test_dealers_deliver_now_whatever_the_queue_and_makers_with_a_queue_ask_for_more():
    short, long = (quoted(200.0, delivery=months)[0] for months in (0.0, 12.0))
    assert (long.rig_spot_usd_per_ths == short.rig_spot_usd_per_ths).all()
    assert long.rig_markup > short.rig_markup


def test_used_machines_are_on_sale_only_while_dealers_have_a_whole_one():
    stocked, frontier, _ = quoted(used_ths=1.0)
    empty, _, _ = quoted(used_ths=0.999)
    old = np.flatnonzero((frontier.release_month <= 0) & (stocked.rig_on_sale == 0.5))
    assert len(old) > 0
    assert (empty.rig_on_sale[old] == 0.0).all()


def newest_of(frontier) -> int:
    """Position of the newest machine on the market at the start."""
    return int(np.flatnonzero(frontier.release_month <= 0)[-1])


def test_makers_take_their_share_of_what_a_machine_is_worth_beyond_cost_and_hurdle():
    world, frontier, par = quoted(120.0, rig_price_adjustment=0.8)
    newest = newest_of(frontier)
    j_per_th = frontier.j_per_th[newest]
    world.delivery_months = 0.0  # what was quoted before the first delivery time was known
    worth = reference_bid_usd_per_ths(world, par[0], newest, 0.0, 0.0)
    cost = VALUES["rig_cost_usd_per_w"] * j_per_th
    target = (cost + VALUES["rig_rent_share"] * (worth - cost)) / cost
    assert target > VALUES["rig_reference_markup"]
    expected = VALUES["rig_reference_markup"] ** 0.2 * target**0.8
    assert world.rig_markup == pytest.approx(expected, rel=1e-9)


def test_in_a_slump_machines_go_for_what_they_fetch():
    boom, bust = (quoted(price, rig_price_adjustment=0.8)[0] for price in (200.0, 10.0))
    assert boom.rig_markup > VALUES["rig_reference_markup"]
    lowest = VALUES["rig_reference_markup"] ** 0.2 * VALUES["rig_lowest_markup"] ** 0.8
    assert bust.rig_markup == pytest.approx(lowest, rel=1e-12)


def test_supply_slopes_upward_and_the_queue_clears_the_market():
    poor, rich = (quoted(price)[0] for price in (30.0, 200.0))
    for world in (poor, rich):
        ratio = world.rig_markup / VALUES["rig_reference_markup"]
        expected = VALUES["rig_supply_gw_per_month"] * ratio ** VALUES["rig_supply_elasticity"]
        assert world.rig_supply_gw_per_month == pytest.approx(expected, rel=1e-12)
    assert rich.rig_supply_gw_per_month > poor.rig_supply_gw_per_month
    short, long = quoted(backlog_gw=0.01)[0], quoted(backlog_gw=3.0)[0]
    assert short.delivery_months == VALUES["rig_delivery_months"]
    assert short.rig_backlog_gw == 0.0
    assert long.delivery_months == pytest.approx(3.0 / long.rig_supply_gw_per_month)
    assert long.rig_backlog_gw == pytest.approx(3.0 - long.rig_supply_gw_per_month)


def trade(
    stock_ths: float, used_orders: list[float], new_orders: list[float], sold: float = 0.0,
    draws: tuple[float, ...] | None = None,
):  # fmt: skip
    """One month of machine trade in generation 3 (used) and 9 (new); every order cost 10 USD per TH/s."""
    orders = used_orders + new_orders
    buyers, sellers, world = new_records(Miner, len(orders)), new_records(Miner, 1), new_records(World, 1)
    world["rig_j_per_th"] = 20.0
    world["used_stock_ths"][0, 3] = stock_ths
    world["rig_on_sale"][0, 3], world["rig_supply_gw_per_month"] = 0.5, 0.1
    buyers["active"], sellers["left"], sellers["sold_ths"][0, 3] = 1, 1, sold
    used = np.arange(len(orders)) < len(used_orders)
    buyers["order_used"] = used
    buyers["order_ths"], buyers["order_months_left"] = np.where(used, 0.0, orders), 7.0
    buyers["used_order_ths"], buyers["used_order_months_left"] = np.where(used, orders, 0.0), 7.0
    if draws is not None:
        buyers["draws"][:, U_DELAY] = draws
    buyers["order_generation"], buyers["used_order_generation"] = 9, 3
    buyers["hardware_usd"], buyers["duty_usd"] = 10.0 * np.array(orders), 1.0 * np.array(orders)
    buyers["invested_usd"] = 10.0 * np.array(orders)
    world["rig_orders_gw_per_month"], world["rig_backlog_gw"], world["network_hash_ehs"] = 0.3, 0.2, 100.0
    world["used_price_factor"] = 0.8
    counts = trade_machines(buyers, sellers, world, PAR)
    return buyers, sellers, world[0], counts


def test_used_orders_beyond_the_stock_are_rationed_and_refunded():
    buyers, sellers, world, (new, bought, sold, scrapped) = trade(60.0, [100.0, 50.0], [7.0], sold=30.0)
    assert buyers["used_order_ths"] == pytest.approx([60.0, 30.0, 0.0])
    assert buyers["order_ths"].tolist() == [0.0, 0.0, 7.0]
    assert buyers["hardware_usd"] == pytest.approx([600.0, 300.0, 70.0])
    assert buyers["cash_usd"] == pytest.approx([11.0 * 40.0, 11.0 * 20.0, 0.0])
    assert buyers["invested_usd"] == pytest.approx([600.0, 300.0, 70.0])
    assert (new, bought, sold, scrapped) == (7.0, 90.0, 30.0, 0.0)
    assert world.used_stock_ths[3] == 0.0
    assert sellers["sold_ths"].sum() == 0.0


def test_a_stock_that_suffices_serves_everybody_and_rusts():
    buyers, _, world, (_, bought, _, scrapped) = trade(1000.0, [100.0], [])
    share = VALUES["used_scrap_per_month"]
    assert buyers["used_order_ths"].tolist() == [100.0]
    assert buyers["cash_usd"].tolist() == [0.0]
    assert (bought, scrapped) == (100.0, pytest.approx(900.0 * share))
    assert world.used_stock_ths[3] == pytest.approx(900.0 * (1.0 - share))


def test_new_orders_enter_the_makers_books_in_gigawatts():
    *_, world, _ = trade(0.0, [], [6e7])
    assert world.rig_orders_gw_per_month == pytest.approx(0.3 + (6e7 * 20.0 / 1e9 - 0.3) / 3.0)
    assert world.rig_backlog_gw == pytest.approx(0.2 + 1.2)


def test_who_orders_in_the_same_month_draws_a_place_in_the_queue():
    """0.2 GW stand in the books and 1.2 GW are ordered, at 0.1 GW a month: 2 to 14 months, the mean in the
    middle; used machines and machines of earlier months keep their dates.
    """
    places = (0.0, 0.25, 0.5, 0.75, 0.999)
    buyers, *_ = trade(1.0, [0.5], [1.2e7] * 5, draws=(0.9, *places))
    assert buyers["order_months_left"][1:].tolist() == [max(2, math.ceil(2.0 + 12.0 * u)) for u in places]
    assert buyers["used_order_months_left"][0] == 7.0


def test_a_used_order_leaves_the_place_in_the_makers_queue_alone():
    buyers, world = new_records(Miner, 1), new_records(World, 1)
    world["rig_j_per_th"], world["used_stock_ths"][0, 3] = 20.0, 10.0
    buyers["order_ths"], buyers["order_generation"], buyers["order_months_left"] = 500.0, 9, 5.0
    buyers["used_order_ths"], buyers["used_order_generation"], buyers["order_used"] = 40.0, 3, 1
    buyers["active"], buyers["hardware_usd"], buyers["invested_usd"] = 1, 400.0, 400.0
    new, bought, *_ = trade_machines(buyers, new_records(Miner, 1), world, PAR)
    assert (new, bought) == (0.0, 10.0)
    assert (buyers["order_ths"][0], buyers["order_months_left"][0]) == (500.0, 5.0)
    assert (buyers["used_order_ths"][0], buyers["cash_usd"][0]) == (10.0, 300.0)


def test_failures_are_counted_as_scrapped_and_take_no_machine_twice():
    sellers, world = new_records(Miner, 1), new_records(World, 1)
    sellers["active"], sellers["fleet_ths"][0, 4] = 1, 500.0
    *_, scrapped = trade_machines(NOBODY.copy(), sellers, world, PAR)
    assert sellers["fleet_ths"][0, 4] == pytest.approx(500.0 * (1.0 - VALUES["rig_failure_per_month"]))
    assert scrapped == pytest.approx(500.0 - sellers["fleet_ths"].sum())


def test_dealers_mark_down_what_stays_unsold_and_recover_when_it_sells():
    *_, glut, _ = trade(1000.0, [100.0], [])
    *_, tight, _ = trade(60.0, [100.0], [])
    assert glut.used_price_factor[3] < 0.8 < tight.used_price_factor[3]
    assert glut.used_price_factor[5] == tight.used_price_factor[5]


def compute(installed: float, gpu_price: float = 2.0, month: int = 0, firm=None, **policy_values: float):
    """The compute market with one firm of a size; returns world, demand at home and abroad."""
    firms, world, policy = new_records(AiFirm, 1), new_records(World, 1), new_records(Policy, 1)
    firms["it_mw"] = installed
    for name, value in (firm or {}).items():
        firms[name] = value
    world["month"] = month
    for name, value in policy_values.items():
        policy[name] = value
    home, abroad = clear_compute(firms, world, policy, PAR, gpu_price, 2.0)
    return world[0], home, abroad


TOP, BOTTOM = VALUES["ai_domestic_price_premium"], 1.0 - VALUES["ai_export_price_discount"]


def test_scarce_capacity_earns_import_parity_and_abundant_capacity_export_parity():
    _, home, abroad = compute(1.0)
    small, _, _ = compute(0.5 * home)
    assert small.domestic_price_usd_per_hour == pytest.approx(2.0 * TOP)
    assert small.domestic_sales_share == 1.0
    assert small.utilisation == VALUES["billed_utilisation"]
    middle, _, _ = compute(1.2 * home)
    # Unit elasticity: a fifth more capacity sells at a price a sixth lower, all of it at home
    assert middle.domestic_price_usd_per_hour == pytest.approx(2.0 * TOP / 1.2)
    assert middle.domestic_sales_share == 1.0
    at_bottom = home * TOP / BOTTOM
    large, _, _ = compute(2.0 * (at_bottom + abroad))
    assert large.domestic_price_usd_per_hour == pytest.approx(2.0 * BOTTOM)
    assert large.utilisation == pytest.approx(0.5 * VALUES["billed_utilisation"])
    assert large.domestic_sales_share == pytest.approx(at_bottom / (at_bottom + abroad))
    empty, _, _ = compute(0.0)
    assert empty.utilisation == VALUES["billed_utilisation"]
    assert empty.domestic_sales_share == 1.0


def test_contracts_take_their_part_of_demand_before_the_market():
    _, home, abroad = compute(1.0)
    public = VALUES["ai_public_demand_share"] * home
    state, _, _ = compute(10.0, firm={"kind": 2, "anchored_mw_it": 4.0})
    assert state.public_room_mw_it == pytest.approx(public - 4.0)
    assert state.home_demand_mw_it == pytest.approx(home - 4.0)
    assert state.merchant_mw_it == pytest.approx(6.0)
    foreign, _, _ = compute(10.0, firm={"kind": 3, "anchored_mw_it": 4.0})
    assert foreign.export_demand_mw_it == pytest.approx(abroad - 4.0)
    plan = {"kind": 2, "project": 2, "planned_mw_it": 8.0, "planned_anchor_share": 0.5}
    coming, _, _ = compute(10.0, firm=plan)
    assert coming.public_room_mw_it == pytest.approx(max(0.0, public - 4.0))
    assert coming.merchant_mw_it == pytest.approx(14.0)


def test_the_anchor_demand_is_served_by_contracts_and_on_the_market_in_proportion():
    """By hand: contracts go to both demands of the state alike, the rest competes with all other buyers."""
    none, home, _ = compute(10.0, firm={"kind": 2, "anchored_mw_it": 4.0})
    assert (none.anchor_contract_share, none.anchor_market_share) == (0.0, 0.0)
    some, _, _ = compute(10.0, firm={"kind": 2, "anchored_mw_it": 4.0}, ai_anchor_demand_mw=25.0)
    share = 25.0 / (25.0 + VALUES["ai_public_demand_share"] * home)
    assert some.anchor_contract_share == pytest.approx(share)
    assert some.anchor_market_share == pytest.approx((25.0 - share * 4.0) / (home + 25.0 - 4.0))
    # What is bought is what was ordered once all of it is served
    served = some.anchor_contract_share * 4.0 + some.anchor_market_share * some.home_demand_mw_it
    assert served == pytest.approx(25.0)


def test_demand_falls_with_price_grows_with_time_and_by_the_governments_order():
    _, home, abroad = compute(1.0)
    _, dear_home, dear_abroad = compute(1.0, gpu_price=4.0)
    factor = 0.5 ** VALUES["compute_demand_elasticity"]
    assert (dear_home, dear_abroad) == (pytest.approx(home * factor), pytest.approx(abroad * factor))
    trend = 2.0 / (1.0 + VALUES["gpu_progress_per_year"])
    _, later_home, _ = compute(1.0, gpu_price=trend, month=12)
    assert later_home == pytest.approx(home * (1.0 + VALUES["ai_domestic_demand_growth_per_year"]))
    _, anchored, same_abroad = compute(1.0, ai_anchor_demand_mw=25.0)
    assert (anchored, same_abroad) == (pytest.approx(home + 25.0), abroad)


def test_prices_of_the_segments_stand_around_the_world_price():
    world, _, _ = compute(1.0, gpu_price=3.0)
    assert world.domestic_price_usd_per_hour == pytest.approx(3.0 * VALUES["ai_domestic_price_premium"])
    assert world.export_price_usd_per_hour == pytest.approx(3.0 * (1.0 - VALUES["ai_export_price_discount"]))


def detection(
    loads: list[float], statuses: list[int], inspections: float, **values: float
) -> tuple[float, float]:
    """Published detection rate per unit of signature and illegal load, for active home sites."""
    miners, world, policy = new_records(Miner, len(loads)), new_records(World, 1), new_records(Policy, 1)
    miners["active"], miners["energised_mw"], miners["compliance"] = 1, loads, statuses
    policy["inspections_per_month"] = inspections
    publish_detection(miners, world, policy, parameter_record({**VALUES, **values}), 1.0)
    return float(world["detection_rate_per_signature"][0]), float(world["illegal_mw"][0])


def test_expected_detections_never_exceed_honest_inspections():
    for loads in ([0.5] * 3, [0.5] * 300, [2.0] * 5, [1e-3]):
        for inspections in (0.0, 1.0, 10.0, 1000.0):
            rate, _ = detection(loads, [2] * len(loads), inspections, background_signature=1.0)
            signature = sum(load ** VALUES["signature_exponent"] for load in loads)
            assert rate * signature <= inspections * VALUES["enforcement_effectiveness"] * (1.0 + 1e-12)
            assert (rate > 0.0) == (inspections > 0.0)


def test_more_to_inspect_dilutes_and_only_illegal_load_counts():
    alone, illegal = detection([1.0, 50.0], [2, 0], 5.0)
    crowd, more = detection([1.0] * 50, [2] * 50, 5.0)
    assert (illegal, more) == (1.0, 50.0)
    assert crowd < alone
    grey, _ = detection([1.0] * 50, [1] * 50, 5.0)
    assert crowd < grey < alone


def test_seized_machines_are_auctioned_for_the_state():
    miners, world = new_records(Miner, 3), new_records(World, 1)
    miners["active"], miners["compliance"], miners["caught"] = 1, [2, 2, 0], [1, 0, 0]
    miners["seized_ths"][0, 4], miners["seized_ths"][1, 4] = 100.0, 55.0
    world["rig_spot_usd_per_ths"] = 8.0
    cases, revenue, seized = collect_seizures(miners, world, PAR)
    assert (cases, seized) == (1.0, 100.0)
    assert revenue == pytest.approx(100.0 * 8.0 * VALUES["seized_auction_share"])
    assert world["used_stock_ths"][0, 4] == 100.0
    assert world["caught_share"][0] == 0.5
    assert collect_seizures(NOBODY.copy(), world, PAR) == (0.0, 0.0, 0.0)
    assert world["caught_share"][0] == 0.0


def test_flow_totals_split_by_owner():
    miners = new_records(Miner, 3)
    miners["wages_usd"], miners["dividend_usd"] = [1.0, 2.0, 3.0], [10.0, 20.0, 30.0]
    miners["active"], miners["left"] = [1, 1, 0], [0, 0, 1]
    assert flow_view(miners)[:, FLOW.wages_usd].tolist() == [1.0, 2.0, 3.0]
    sums = np.zeros((len(OWNERS), len(FLOW)))
    add_up(miners, flow_records(miners), np.array([0.5, 1.0, 0.0]), 0.5, sums)
    assert sums[[ALL, FOREIGN, STATE], FLOW.dividend_usd].tolist() == [60.0, 25.0, 5.0]
