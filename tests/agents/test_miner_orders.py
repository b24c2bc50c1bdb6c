"""Orders under way: a firm that waits for makers' machines may bridge the wait with used ones (Eq. M2)."""

import math

import pytest

from agents.miner import Miner
from tests.agents.observed import J_PER_TH, NEWEST, month, running_miner

RICH = {"forecast_log_hashprice": math.log(200.0)}


def waiting_for_makers(changes=None, order_mw=5.0):
    """A firm with 10 MW of empty sockets that waits for makers; dealers have one old generation. It plans."""
    firm = running_miner(draws=0.0, site_mw=10.0)
    firm.fleet_ths[:] = 0.0
    firm.order_generation, firm.order_months_left = NEWEST, 9.0
    firm.order_ths = order_mw * 1e6 / (J_PER_TH[NEWEST] * 1.1)
    now = month(RICH | (changes or {}))
    now.world.rig_on_sale[4] = 0.5
    now.world.rig_price_usd_per_ths[4] = now.world.rig_spot_usd_per_ths[4] = 1.0
    before = firm.order_ths
    Miner.plan(firm, *now)
    assert firm.order_ths == before
    return firm, now


def test_who_waits_for_makers_fills_idle_power_with_used_machines():
    firm, now = waiting_for_makers()
    assert firm.used_order_generation == 4
    ordered_mw = firm.used_order_ths * J_PER_TH[4] * 1.1 / 1e6
    assert ordered_mw == pytest.approx(10.0, rel=1e-9)
    assert firm.hardware_usd > 0.0
    assert firm.order_used == 1
    bought = firm.used_order_ths
    Miner.plan(firm, *now)
    assert firm.used_order_ths == bought


def test_no_used_machine_bridges_the_wait_where_none_pays_or_no_power_is_idle():
    poor, _ = waiting_for_makers({"forecast_log_hashprice": math.log(10.0)})
    assert poor.used_order_ths == 0.0
    firm = running_miner(draws=0.0, order_ths=5.0, order_months_left=9.0)
    firm.fleet_ths[:] = 0.0
    firm.fleet_ths[NEWEST] = firm.site_mw * 1e6 / (J_PER_TH[NEWEST] * 1.1)
    now = month(RICH)
    now.world.rig_on_sale[4] = 0.5
    now.world.rig_price_usd_per_ths[4] = 1.0
    Miner.plan(firm, *now)
    assert firm.used_order_ths == firm.hardware_usd == 0.0


def test_a_machine_that_must_soon_give_way_is_worth_less():
    """At a price that pays only over a life, sockets that the order on its way needs stay empty."""

    def bought(order_mw):
        firm = running_miner(draws=0.0, site_mw=10.0)
        firm.fleet_ths[:] = 0.0
        firm.order_generation, firm.order_months_left = NEWEST, 3.0
        firm.order_ths = order_mw * 1e6 / (J_PER_TH[NEWEST] * 1.1)
        now = month(RICH)
        now.world.rig_on_sale[4] = 0.5
        now.world.rig_price_usd_per_ths[4] = now.world.rig_spot_usd_per_ths[4] = 60.0
        Miner.plan(firm, *now)
        return firm.used_order_ths

    assert bought(0.001) > 0.0
    assert bought(10.0) == 0.0
