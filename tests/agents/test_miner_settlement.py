"""What a miner pays and receives in a month, by status: checked on paper with round numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.miner import STATE, Miner
from tests.agents.observed import VALUES, month, running_miner

OTHER = VALUES["mining_other_usd_per_kwh"]
POOL = 1.0 - VALUES["pool_fee_share"]


def settled(now=None, **values):
    """A farm that ran the whole month at 1 EH/s of 900 and then settled."""
    now = now or month()
    firm = running_miner(**values)
    Miner.run(firm, *now)
    firm.mean_hash_ehs = 1.0
    Miner.settle(firm, *now)
    return firm, now


def housed_mwh(firm, now) -> float:
    """What the machines of a site of 30 days would take if they all ran, as far as they are in order."""
    megawatt = float(firm.fleet_ths @ now.world.rig_j_per_th) * firm.pue / 1e6
    return megawatt * VALUES["mining_availability"] * 24.0 * 30.0


def test_an_idle_machine_saves_its_power_and_nothing_else():
    """Staff, site and insurance cost the same whether the machines run or power is too dear."""
    runs, now = settled()
    idle, _ = settled(month({"hashprice_usd_per_ph_day": 0.1}))
    assert runs.bill_usd > 0.0 == idle.bill_usd
    assert (
        idle.other_usd == runs.other_usd == pytest.approx(housed_mwh(runs, now) * 1000.0 * OTHER, rel=1e-12)
    )


def test_coins_follow_the_share_of_hash_less_the_pools_fee():
    firm, now = settled(hold_share=0.25)
    mined = 13_500.0 / 900.0 * POOL
    assert firm.mined_btc == pytest.approx(mined, rel=1e-12)
    assert firm.sold_btc == pytest.approx(0.75 * mined, rel=1e-12)
    assert firm.coins_btc == pytest.approx(0.25 * mined, rel=1e-12)
    assert firm.sales_abroad_usd == pytest.approx(0.75 * mined * now.world.btc_price_usd, rel=1e-12)


def test_the_states_miner_keeps_the_reserve_share():
    firm, _ = settled(month(policy={"reserve_share": 0.6}), kind=STATE, hold_share=0.1)
    assert firm.coins_btc / firm.mined_btc == pytest.approx(0.6, rel=1e-12)


def test_a_licensed_miner_pays_tariff_levy_licence_and_taxes():
    policy = {
        "power_sales_tax_rate": 0.1, "licence_fee_usd_per_mw_year": 1200.0, "turnover_tax_rate": 0.02,
        "onshore_sale_share": 0.5, "withholding_rate": 0.04, "income_tax_rate": 0.2,
    }  # fmt: skip
    firm, now = settled(month({"levy_usd_per_kwh": 0.004}, policy))
    mwh = firm.load_mw.sum() * 30.0
    assert firm.energy_mwh == pytest.approx(mwh, rel=1e-12)
    assert firm.bill_usd == pytest.approx(mwh * 50.0, rel=1e-12)
    assert firm.levy_usd == pytest.approx(mwh * 4.0, rel=1e-12)
    assert firm.power_tax_usd == pytest.approx(mwh * 5.0, rel=1e-12)
    assert firm.licence_usd == pytest.approx(500.0, rel=1e-12)
    revenue = firm.sales_abroad_usd
    assert firm.turnover_tax_usd == pytest.approx(0.02 * revenue, rel=1e-12)
    assert firm.withholding_usd == pytest.approx(0.02 * revenue, rel=1e-12)
    assert firm.other_usd == pytest.approx(housed_mwh(firm, now) * 1000.0 * OTHER, rel=1e-12)
    paid = sum(
        firm[name] for name in ("bill_usd", "levy_usd", "power_tax_usd", "licence_usd", "turnover_tax_usd")
    )
    operating = revenue - paid - firm.withholding_usd - firm.other_usd
    site = 5.0 * VALUES["mining_site_capex_usd_per_mw"]
    depreciation = (site + firm.fleet_ths[8] * now.world.rig_price_usd_per_ths[8]) / VALUES["rig_life_months"]
    assert firm.income_tax_usd == pytest.approx(0.2 * (operating - depreciation), rel=1e-9)


def test_the_countrys_income_tax_holds_unless_the_regime_sets_its_own_and_after_the_holiday():
    own, _ = settled(month(policy={"income_tax_rate": 0.2}))
    ordinary, _ = settled(month(policy={"income_tax_rate": -1.0}))
    holiday, _ = settled(month(policy={"income_tax_rate": 0.2, "holiday_months": 36.0}))
    assert ordinary.income_tax_usd / own.income_tax_usd == pytest.approx(
        VALUES["income_tax_rate"] / 0.2, rel=1e-9
    )
    assert holiday.income_tax_usd == 0.0 < own.income_tax_usd


def test_a_grey_miner_pays_the_ordinary_bill_and_no_tax_on_mining():
    now = month(
        {"industrial_tariff_usd_per_kwh": 0.06},
        {"turnover_tax_rate": 0.02, "licence_fee_usd_per_mw_year": 1e4},
    )
    firm, _ = settled(now, compliance=1)
    mwh = firm.load_mw.sum() * 30.0
    assert firm.bill_usd == pytest.approx(mwh * 60.0, rel=1e-12)
    assert firm.power_tax_usd == pytest.approx(mwh * 60.0 * VALUES["power_tax_ordinary_share"], rel=1e-12)
    assert firm.turnover_tax_usd == firm.licence_usd == firm.income_tax_usd == firm.levy_usd == 0.0
    assert firm.stolen_mwh == 0.0


def test_a_thief_pays_nothing_for_power_and_it_is_counted():
    firm, _ = settled(compliance=2)
    assert firm.bill_usd == firm.power_tax_usd == firm.income_tax_usd == 0.0
    assert firm.stolen_mwh == firm.energy_mwh == pytest.approx(firm.load_mw.sum() * 30.0, rel=1e-12)


def test_contracted_interruptions_are_paid_back_and_not_billed():
    contract = {"interruption_hours_per_year": 100.0, "interruption_payment_local_per_kwh": 2.81}
    now = month({"interruptible_served_share": 0.9}, contract)
    firm, _ = settled(now)
    offered = firm.load_mw.sum() * 30.0
    assert firm.energy_mwh == pytest.approx(0.9 * offered, rel=1e-12)
    assert firm.interruption_usd == pytest.approx(0.1 * offered * 10.0, rel=1e-12)


def test_a_contract_keeps_its_price_until_it_ends():
    contract = {"contract_usd_per_kwh": 0.03, "contract_local_per_usd": 281.0}
    kept, _ = settled(month(policy={"tariff_indexation": 1.0}), contract_until_month=7, **contract)
    ended, _ = settled(month(policy={"tariff_indexation": 1.0}), contract_until_month=6, **contract)
    assert kept.bill_usd / ended.bill_usd == pytest.approx(0.03 / 0.05, rel=1e-12)
    eroded, _ = settled(month({"local_per_usd": 300.0}), contract_until_month=7, **contract)
    assert eroded.bill_usd / ended.bill_usd == pytest.approx(0.03 * 281.0 / 300.0 / 0.05, rel=1e-12)
    refused, _ = settled(month({"offer_effective": 0, "industrial_tariff_usd_per_kwh": 0.06}), **contract)
    assert refused.bill_usd == pytest.approx(refused.energy_mwh * 60.0, rel=1e-12)
    assert refused.energy_mwh > 0.0


def test_losses_are_counted_unless_the_firm_waits_or_is_cut_off():
    cheap = month({"btc_price_usd": 10_000.0})
    assert settled(cheap)[0].loss_months == 1.0
    assert settled(cheap, loss_months=2.0)[0].loss_months == 3.0
    assert settled(loss_months=2.0)[0].loss_months == 0.0
    assert settled(cheap, site_mw=0.0, building_mw=1.0)[0].loss_months == 0.0
    assert settled(cheap, cutoff_months_left=3.0)[0].loss_months == 0.0


def test_held_coins_are_sold_before_the_bank_is_asked():
    cheap = month({"btc_price_usd": 10_000.0})
    firm, _ = settled(cheap, cash_usd=0.0, coins_btc=50.0, funds_usd=0.0)
    assert 0.0 < firm.coins_btc < 50.0
    assert firm.sold_btc == pytest.approx(50.0 - firm.coins_btc + firm.mined_btc, rel=1e-12)
    assert firm.loan_usd == 0.0
    # No more than what is missing
    assert firm.cash_usd == pytest.approx(0.0, abs=1e-6)


def test_foreign_owners_take_out_what_the_regime_lets_them():
    home, _ = settled(month(policy={"repatriation_share": 0.25}))
    foreign, _ = settled(month(policy={"repatriation_share": 0.25}), foreign=1)
    assert foreign.dividend_usd == pytest.approx(0.25 * home.dividend_usd, rel=1e-12)
    assert home.dividend_usd > 0.0


@settings(deadline=None, max_examples=100)
@given(
    st.floats(1_000.0, 200_000.0),
    st.floats(0.0, 1e7),
    st.floats(0.0, 1e7),
    st.floats(0.0, 1e6),
    st.integers(0, 2),
)
def test_cash_moves_by_the_flows_and_never_ends_below_zero(price, cash, debt, funds, status):
    firm = running_miner(cash_usd=cash, debt_usd=debt, funds_usd=funds, compliance=status, staff=2.0)
    now = month({"btc_price_usd": price})
    Miner.run(firm, *now)
    firm.mean_hash_ehs = 1.0
    Miner.settle(firm, *now)
    received = (
        "sales_abroad_usd",
        "sales_home_usd",
        "interruption_usd",
        "loan_usd",
        "equity_usd",
        "resale_usd",
    )
    paid = (
        "bill_usd", "levy_usd", "power_tax_usd", "licence_usd", "income_tax_usd", "turnover_tax_usd",
        "wages_usd", "withholding_usd", "other_usd", "interest_usd", "principal_usd", "dividend_usd",
        "site_usd", "fine_usd",
    )  # fmt: skip
    change = sum(firm[name] for name in received) - sum(firm[name] for name in paid)
    scale = cash + sum(abs(firm[name]) for name in received + paid)
    assert firm.cash_usd - cash == pytest.approx(change, abs=1e-12 * scale)
    assert firm.cash_usd >= 0.0
    assert firm.debt_usd - debt == pytest.approx(firm.loan_usd - firm.principal_usd, abs=1e-9 * (1.0 + debt))


def test_wages_replace_part_of_other_running_cost():
    without, _ = settled()
    staffed, _ = settled(staff=1.0)
    assert staffed.wages_usd == pytest.approx(1200.0, rel=1e-12)
    assert staffed.other_usd == pytest.approx(without.other_usd - 1200.0, rel=1e-12)
