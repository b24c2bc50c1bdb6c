"""Worlds that nobody expects: every law of the month still holds, and outputs go where they must."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sim import list_countries, list_regimes, load_scenario, simulate
from sim.model import WattLabModel
from sim.result import collect
from tests.sim.lively import lively_scenario, regime_file, run_months

# Slow without compiled code, so left out of the measurement of coverage
pytestmark = pytest.mark.slow

MONTHS = 60
Shock = Callable[[WattLabModel], None]


def slide(series: np.ndarray, last: float) -> None:
    """Let a series go geometrically from its first value to another one, in place."""
    series[:] = series[0] * np.exp(np.linspace(0.0, np.log(last / series[0]), len(series)))


def price_to(last_usd: float) -> Shock:
    return lambda model: slide(model.drivers.btc_price_usd, last_usd)


def hyperinflation(model: WattLabModel) -> None:
    rates = model.drivers.local_per_usd
    slide(rates, rates[0] * 1e6)


def no_surplus(model: WattLabModel) -> None:
    model.drivers.demand_factor[:] = 3.0


def no_demand(model: WattLabModel) -> None:
    model.drivers.demand_factor[:] = 1e-3


def no_water_no_gas_no_link(model: WattLabModel) -> None:
    for series in (model.drivers.hydro_factor, model.drivers.gas_factor, model.drivers.link_factor):
        series[:] = 0.0


def bankrupt(model: WattLabModel) -> None:
    """Nobody has a cent, everybody owes, and a coin is worth a dollar."""
    state = model.state
    for firms in (state.miners, state.world_miners, state.ai_firms):
        firms["funds_usd"] = 0.0
        firms["cash_usd"] = 0.0
        firms["debt_usd"] = 1e9 * (firms["active"] == 1)
    model.books.take_census()
    model.drivers.btc_price_usd[:] = 1.0
    model.drivers.gpu_price_usd_per_hour[:] = 1e-4


def free_compute(model: WattLabModel) -> None:
    slide(model.drivers.gpu_price_usd_per_hour, 1e-6)


SHOCKS: dict[str, Shock] = {
    "coin at 100 USD": price_to(100.0),
    "coin at ten million USD": price_to(1e7),
    "hyperinflation": hyperinflation,
    "no surplus": no_surplus,
    "no demand": no_demand,
    "no water, gas or link": no_water_no_gas_no_link,
    "all bankrupt": bankrupt,
    "compute for nothing": free_compute,
}


def shocked(shock: Shock, regime: str = "pakistan-2025", months: int = MONTHS) -> pd.DataFrame:
    """Outputs of a lively run under a shock; every check of the month is on and raises."""
    model = WattLabModel(lively_scenario(regime, months), seed=5)
    shock(model)
    run_months(model, months)
    found = collect(model, 0.0).months
    assert np.isfinite(found.to_numpy()).all()
    return found


@pytest.mark.parametrize("name", SHOCKS)
def test_every_law_holds_under(name: str):
    found = shocked(SHOCKS[name])
    assert len(found) == MONTHS


def test_the_network_shrinks_with_its_revenue_when_a_coin_is_worth_100_usd():
    found = shocked(SHOCKS["coin at 100 USD"])
    assert found["btc_price_usd"].iloc[-1] < 2e-3 * found["btc_price_usd"].iloc[0]
    # What is left runs on the cheapest power: idle hours save power only, so machines run while that is paid
    assert found["world_hash_ehs"].iloc[-1] < 5e-2 * found["world_hash_ehs"].iloc[0]


def test_mining_grows_when_a_coin_is_worth_ten_million_usd():
    dear, plain = shocked(SHOCKS["coin at ten million USD"]), shocked(lambda model: None)
    assert dear["world_hash_ehs"].iloc[-1] > plain["world_hash_ehs"].iloc[-1]
    # Machines cost what they earn, so that funds buy smaller sites and the first peak need not be higher
    assert dear["mining_mw"].mean() > plain["mining_mw"].mean()
    assert dear["mining_mw"].iloc[-12:].min() > plain["mining_mw"].iloc[-12:].max()


def test_three_times_the_demand_is_shed_and_leaves_no_hour_for_the_offer():
    found = shocked(SHOCKS["no surplus"])
    assert (found["shed_mwh"] > 0.0).all()
    assert (found["offer_hours_per_year"] == 0.0).all()


def test_bankrupt_firms_leave_and_default_on_record():
    model = WattLabModel(lively_scenario("pakistan-2025", 24), seed=5)
    bankrupt(model)
    written_off = 0.0
    gone = np.zeros(len(model.state.world_miners), bool)

    def add(month: int) -> None:
        nonlocal written_off
        state = model.state
        # Others may enter in the place of those that left
        gone[:] |= state.world_miners["left"] == 1
        written_off += sum(float(f["written_off_usd"].sum()) for f in (state.world_miners, state.ai_firms))

    run_months(model, 24, add)
    assert gone.all()
    assert written_off >= 1e9


def test_a_tariff_of_zero(tmp_path):
    regime = regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=0.0, levy_local_per_kwh=0.0)
    found = shocked(lambda model: None, regime)
    assert found["offer_tariff_usd_per_kwh"].min() >= 0.0
    assert found["mining_licensed_mw"].max() > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("regime", ["pakistan-2025", "ban"])
def test_six_hundred_months(regime: str):
    found = simulate(load_scenario(regime=regime, months=600), 2).months
    assert len(found) == 600
    assert np.isfinite(found.to_numpy()).all()


@pytest.mark.long
@pytest.mark.parametrize("country", list_countries())
def test_every_shock_in_every_country_under_every_regime(country: str):
    for regime in list_regimes():
        for number, shock in enumerate(SHOCKS.values()):
            scenario = load_scenario(country, regime, months=14, population={"miners": 40, "ai_firms": 8})
            model = WattLabModel(scenario, seed=number)
            shock(model)
            run_months(model, 14)
