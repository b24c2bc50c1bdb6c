"""The books of a run: ledger, monthly outputs, typical days; opened and closed once a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from agents.grid_operator import reference_gap
from sim.census import count_ai_firms, count_machines_ths, count_miners, count_world_miners
from sim.distribution import weak_shares
from sim.enforcement import collect_seizures
from sim.grid_outputs import TypicalDays, grid_row
from sim.invariants import check_hardware, check_people, people
from sim.labour_market import count_jobs
from sim.labour_outputs import job_outputs, jobs_elsewhere, pool_outputs
from sim.ledger import A, Ledger, M
from sim.power import MonthOfPower
from sim.settlement import (
    Totals,
    Treasury,
    allowed_delivery_share,
    post_firms,
    post_power,
    post_public,
    settle_power,
    total,
)
from sim.surplus import surplus_of
from sim.treasury import TreasuryBooks, exchange_row, tax_row
from sim.unit_costs import PARTS_AI, PARTS_MINING, ai_stack, mining_stack
from sim.variables import Recorder

if TYPE_CHECKING:
    from sim.model import WattLabModel

FloatArray = npt.NDArray[np.float64]
TYPICAL_MONTHS = 24
OPENING_MONTHS = 12
LARGE_BLOCK_MW = 2000.0


class Books:
    """Collects what a month did; ``row`` holds the last month's outputs by name."""

    def __init__(self, model: WattLabModel) -> None:
        self.model = model
        labels = model.drivers.labels[: model.scenario.months]
        self.ledger = Ledger.empty(labels)
        self.recorder = Recorder(labels)
        self.row: dict[str, float] = {}
        self.trade = (0.0, 0.0, 0.0, 0.0)
        self.network = (0.0, 0.0, 0.0)
        self.seizures = (0.0, 0.0, 0.0)
        mean_load_mw = float(np.mean(model.scenario.country_data.load_shape.mean_load_mw))
        self.treasury = TreasuryBooks(mean_load_mw, model.values["smart_meter_share_start"])
        self.days = TypicalDays()
        self.weak = weak_shares(model.scenario.country_data)
        self.foreign_miners, self.foreign_ai = (
            firms["foreign"].astype(np.float64) for firms in (model.state.miners, model.state.ai_firms)
        )
        self.converted_mw = 0.0
        self.take_census()

    def close_for_good(self) -> None:
        """Forget the model, which holds these books: nothing more will happen in it."""
        self.__dict__.pop("model", None)

    def open_power_accounts(self) -> None:
        """Fill the operator's twelve months of accounts before the first month, from the run's own drivers
        without new load; they give the reference energy cost and the first rebasing a full year to stand
        on.
        """
        model = self.model
        operator = model.state.operator
        for t in range(OPENING_MONTHS):
            power = model.power.run_month(model.state, t)
            operator["energy_cost_usd"][0, t] = power.energy_cost_usd
            operator["capacity_cost_usd"][0, t] = model.power.capacity_cost_usd(t)
            operator["allowed_sales_mwh"][0, t] = power.used_mwh * allowed_delivery_share(model.values)
            if t == 0:
                model.marginal_usd_per_mwh = power.price_usd_per_mwh
        sold_kwh = operator["allowed_sales_mwh"].sum() * 1000.0
        operator["reference_energy_usd_per_kwh"] = operator["energy_cost_usd"].sum() / sold_kwh
        network_usd = operator["network_cost_usd_per_year"][0] / 12.0
        for month in range(OPENING_MONTHS):
            operator["reference_gap_usd"][0, month] = reference_gap(
                operator[0], month, network_usd, model.values["fuel_pass_through_share"]
            )

    def open(self, t: int) -> None:
        """Remember the stocks that the month starts from."""
        self.cash_before = (self.mining.cash_usd, self.ai.cash_usd)
        self.people_before = people(self.model.state)
        self.rigs_before = self.rigs_ths
        self.seizures = (0.0, 0.0, 0.0)

    def take_census(self) -> None:
        """Count firms and machines at the end of a month, or before the first."""
        state = self.model.state
        self.mining = count_miners(state.miners)
        self.ai = count_ai_firms(state.ai_firms)
        self.rigs_ths = count_machines_ths(state.miners, state.world_miners, state.world)
        self.jobs = count_jobs(state.miners, state.ai_firms)

    def totals(self) -> tuple[Totals, Totals]:
        """Flows of the month so far over miners and AI firms."""
        state = self.model.state
        partner = float(state.policy["state_partner_share"][0])
        self.foreign_miners[0] = partner
        return (
            total(state.miner_flows, self.foreign_miners, 1.0 - partner),
            total(state.ai_flows, self.foreign_ai, 0.0),
        )

    def settle_power(self, t: int, power: MonthOfPower) -> None:
        """Run the accounts of purchaser and distributors."""
        model = self.model
        rates = model.drivers.local_per_usd
        capacity_usd, slide = model.power.capacity_cost_usd(t), float(rates[max(0, t - 1)] / rates[t])
        self.power_accounts = settle_power(
            model.state, t, power, capacity_usd, model.values, self.totals(), slide
        )

    def collect_seizures(self) -> None:
        """Auction what inspectors seized."""
        state = self.model.state
        self.seizures = collect_seizures(state.miners, state.world, state.par)

    def close(self, t: int, power: MonthOfPower) -> None:
        """Post all flows, check the books and stocks, record outputs."""
        model = self.model
        miners, ai_firms = self.totals()
        treasury = self.treasury.close(model.state, model.values, self.seizures[1], self.insured_usd())
        self.treasury.watch_subsidy(model.state, t, self.power_accounts, model.values["gdp_usd"])
        post_firms(self.ledger, t, M, miners)
        post_firms(self.ledger, t, A, ai_firms)
        post_power(self.ledger, t, power, self.power_accounts)
        post_public(self.ledger, t, treasury)
        self.take_census()
        cash_change = (self.mining.cash_usd - self.cash_before[0], self.ai.cash_usd - self.cash_before[1])
        self.ledger.check(t, {M: cash_change[0], A: cash_change[1]})
        label = model.drivers.labels[t]
        check_people(label, model.state, self.people_before, self.jobs.sum(axis=0))
        check_hardware(label, self.rigs_before, self.rigs_ths, self.trade[0], self.trade[3])
        self.report(t, power, miners, ai_firms, treasury)

    def report(
        self, t: int, power: MonthOfPower, miners: Totals, ai_firms: Totals, treasury: Treasury
    ) -> None:
        """Record the outputs of the month."""
        model = self.model
        surplus = surplus_of(model.power, power, t)
        self.row = (
            self.bitcoin_row(t) | self.mining_row() | self.ai_row(t) | self.allocation_row()
            | self.money_row(miners, ai_firms) | self.labour_row(miners, ai_firms)
            | grid_row(model, t, power, surplus, self.power_accounts)
            | exchange_row(model.state, miners, ai_firms, self.power_accounts, treasury)
            | tax_row(miners, ai_firms, self.power_accounts, treasury)
            | self.treasury.coin_row(model.state, float(model.drivers.btc_price_usd[t]))
        )  # fmt: skip
        self.row["net_fiscal_with_coins_usd"] += self.row["net_fiscal_usd"]
        self.recorder.record(t, self.row)
        if t >= model.scenario.months - TYPICAL_MONTHS:
            self.days.add(model, t, power, surplus)

    def bitcoin_row(self, t: int) -> dict[str, float]:
        """Outputs on the bitcoin network."""
        state, drivers = self.model.state, self.model.drivers
        world = state.world
        network_ehs = float(world["network_hash_ehs"][0])
        hash_ehs, power_mw = count_world_miners(state.world_miners)
        newest = int(np.searchsorted(self.model.frontier.release_month, t, side="right")) - 1
        return {
            "btc_price_usd": float(drivers.btc_price_usd[t]),
            "world_hash_ehs": network_ehs,
            "home_hash_ehs": self.network[0],
            "home_hash_share": self.network[0] / network_ehs,
            "hashprice_usd_per_ph_day": self.network[2],
            "network_efficiency_j_per_th": power_mw / hash_ehs if hash_ehs > 0.0 else 0.0,
            "machine_price_usd_per_ths": float(world["rig_price_usd_per_ths"][0, newest]),
            "machine_orders_gw": float(world["rig_orders_gw_per_month"][0]),
        }

    def mining_row(self) -> dict[str, float]:
        """Outputs on home mining."""
        firms = self.mining
        return {
            "mining_mw": firms.licensed_mw + firms.grey_mw + firms.theft_mw,
            "mining_licensed_mw": firms.licensed_mw,
            "mining_grey_mw": firms.grey_mw,
            "mining_theft_mw": firms.theft_mw,
            "mining_firms": firms.firms,
            "mining_exits": firms.exits,
            "mining_cases": self.seizures[0],
        }

    def insured_usd(self) -> float:
        """Capital of new AI halls at today's prices, which a public guarantee of country risk covers, USD."""
        values, world = self.model.values, self.model.state.world[0]
        on_sale = np.flatnonzero(world["gpu_on_sale"])
        if len(on_sale) == 0:
            return 0.0
        newest = int(on_sale[-1])
        gpus = float(world["gpu_usd"][newest] / world["gpu_kw_it"][newest]) * 1000.0
        return self.ai.new_it_mw * (values["ai_facility_capex_usd_per_mw_it"] + gpus)

    def ai_row(self, t: int) -> dict[str, float]:
        """Outputs on AI firms and on what a MWh costs a new mine and a new hall."""
        firms, state = self.ai, self.model.state
        quota = float(state.policy["quota_mw"][0])
        row = {
            "ai_mw": firms.load_mw,
            "ai_it_mw": firms.it_mw,
            "ai_new_it_mw": firms.new_it_mw,
            "ai_anchored_it_mw": firms.anchored_it_mw,
            "ai_allocation_share": firms.new_it_mw / firms.it_mw * firms.load_mw / quota
            if firms.it_mw * quota > 0.0
            else 0.0,
            "ai_pipeline_mw": firms.building_mw,
            "ai_converted_mw": self.converted_mw,
            "ai_utilisation": float(state.world["utilisation"][0]),
            "ai_entered": firms.entered,
            "ai_cancelled": firms.cancelled,
            "ai_blocked_return": firms.blocked_return,
            "ai_blocked_capital": firms.blocked_capital,
            "ai_blocked_queue": firms.blocked_queue,
            "ai_blocked_chips": firms.blocked_chips,
            "ai_blocked_demand": firms.blocked_demand,
            "ai_blocked_risk": firms.blocked_risk,
            "ai_blocked_power": firms.blocked_power,
            "ai_blocked_abroad": firms.blocked_abroad,
            "gpu_price_usd_per_hour": float(self.model.drivers.gpu_price_usd_per_hour[t]),
        }
        for sector, parts, stack in (("mining", PARTS_MINING, mining_stack), ("ai", PARTS_AI, ai_stack)):
            costs = stack(state.world, state.policy, state.par)
            row |= {f"{sector}_{part}_usd_per_mwh": cost for part, cost in zip(parts, costs, strict=True)}
        return row

    def allocation_row(self) -> dict[str, float]:
        """Outputs on the allocation; data centres that stood before it are not counted as energised under
        it.
        """
        state = self.model.state
        ai = self.ai
        ai_share = ai.new_it_mw / ai.it_mw if ai.it_mw > 0.0 else 0.0
        return {
            "energised_mw": self.mining.licensed_mw + ai_share * ai.load_mw,
            "quota_mw": float(state.policy["quota_mw"][0] * state.policy["offer_open"][0]),
            "queue_mw": float(state.operator["queue_mining_mw"][0] + state.operator["queue_ai_mw"][0]),
            "offer_refused": float(state.lender["refusing"][0]),
            "programme_delayed_usd": float(state.lender["withheld_usd"][0]),
            "offer_tariff_usd_per_kwh": float(state.world["offer_tariff_mean_usd_per_kwh"][0]),
        }

    def money_row(self, miners: Totals, ai_firms: Totals) -> dict[str, float]:
        """Outputs on investment and sales."""
        both = (miners, ai_firms)
        return {
            "investment_usd": sum(s["invested_usd"] for s in both),
            "investment_mining_usd": miners["invested_usd"],
            "investment_ai_usd": ai_firms["invested_usd"],
            "foreign_investment_usd": sum(s.of_foreign("equity_usd") for s in both),
            "coin_sales_usd": miners["sales_abroad_usd"],
            "ai_sales_usd": ai_firms["sales_abroad_usd"] + ai_firms["sales_home_usd"],
        }

    def labour_row(self, miners: Totals, ai_firms: Totals) -> dict[str, float]:
        """Outputs on jobs and wages."""
        state, values = self.model.state, self.model.values
        expats = float(state.miners["expats"].sum() + state.ai_firms["expats"].sum())
        row = job_outputs(self.jobs, expats, values) | pool_outputs(state)
        accounts = self.power_accounts
        gap_usd = accounts.special_cost_usd - accounts.special_revenue_usd
        row["jobs_elsewhere"] = jobs_elsewhere(gap_usd, accounts.consumer_bill_usd, values)
        row["wages_usd"] = miners["wages_usd"] + ai_firms["wages_usd"]
        return row

    def typical_days(self) -> pd.DataFrame:
        """Mean day by season over the last months of the run: season, hour and hourly MW or USD per MWh."""
        return self.days.frame()
