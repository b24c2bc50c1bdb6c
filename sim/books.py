"""The books of a run: ledger, monthly outputs, typical days; opened and closed once a month."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from agents.grid_operator import reference_gap
from sim.census import take_census
from sim.diary import Diary, PowerMonth, Scattered
from sim.enforcement import collect_seizures
from sim.grid_outputs import TypicalDays, count_hours, day_totals, four_seasons
from sim.invariants import check_hardware, check_people, people
from sim.labour_outputs import all_jobs
from sim.ledger import A, Ledger, M
from sim.month_outputs import month_outputs
from sim.posting import post_month
from sim.power import MonthOfPower
from sim.settlement import Totals, add_up, allowed_delivery_share, settle_power
from sim.surplus import OFFER_MW, PROBE_MW, surplus_of
from sim.treasury import TreasuryBooks, exchange_row, tax_revenue
from sim.unit_costs import ai_stack, mining_stack, new_hall_usd_per_mw_it
from sim.variables import output_table

if TYPE_CHECKING:
    from sim.model import WattLabModel

FloatArray = npt.NDArray[np.float64]
TYPICAL_MONTHS = 24
OPENING_MONTHS = 12


class Books:
    """Collects what a month did; ``seen`` holds the outputs of the month that the government looks at."""

    def __init__(self, model: WattLabModel) -> None:
        self.model = model
        labels = model.drivers.labels[: model.scenario.months]
        self.ledger = Ledger.empty(labels)
        self.diary = Diary(model.state, model.drivers, len(labels), model.power.zones)
        self.months_kept = 0
        self._row: tuple[int, dict[str, float]] = (0, {})
        self.seen: dict[str, float] = {}
        self.trade = (0.0, 0.0, 0.0, 0.0)
        self.network = (0.0, 0.0, 0.0)
        self.seizures = (0.0, 0.0, 0.0)
        mean_load_mw = float(np.mean(model.scenario.country_data.load_shape.mean_load_mw))
        self.treasury = TreasuryBooks(mean_load_mw, model.values["smart_meter_share_start"])
        self.days = TypicalDays(model.power)
        self.outputs_of = functools.partial(
            month_outputs,
            country=model.scenario.country_data,
            release_month=model.frontier.release_month,
        )
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
            operator["allowed_sales_mwh"][0, t] = power.used_mwh * allowed_delivery_share(model.state.par[0])
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
        self.before = self.census
        self.people_before = people(self.model.state.skills)
        self.seizures = (0.0, 0.0, 0.0)

    def take_census(self) -> None:
        """Count firms and machines at the end of a month, or before the first."""
        state = self.model.state
        self.census = take_census(state.miners, state.world_miners, state.ai_firms, state.world, state.policy)

    def flows(self) -> tuple[FloatArray, FloatArray]:
        """Flows of the month so far over miners and AI firms: rows of ``Totals``."""
        state = self.model.state
        partner = float(state.policy["state_partner_share"][0])
        self.foreign_miners[0] = partner
        return (
            add_up(state.miners, state.miner_flows, self.foreign_miners, 1.0 - partner),
            add_up(state.ai_firms, state.ai_flows, self.foreign_ai, 0.0),
        )

    def settle_power(self, t: int, power: MonthOfPower) -> None:
        """Run the accounts of purchaser and distributors."""
        model, state = self.model, self.model.state
        rates = model.drivers.local_per_usd
        capacity_usd, slide = model.power.capacity_cost_usd(t), float(rates[max(0, t - 1)] / rates[t])
        # Before firms leave: what they bought is still with them
        sales, self.power_accounts = settle_power(state, t, power, capacity_usd, slide)
        marginal = self.power_accounts.marginal_usd_per_mwh
        self.treasury.watch_subsidy(state, t, sales, marginal, model.values["gdp_usd"])

    def collect_seizures(self) -> None:
        """Auction what inspectors seized."""
        state = self.model.state
        self.seizures = collect_seizures(state.miners, state.world, state.par)

    def close(self, t: int, power: MonthOfPower) -> None:
        """Post all flows, check the books and stocks, keep the month for the outputs."""
        model = self.model
        flows = self.flows()
        miners, ai_firms = (Totals(rows.tolist()) for rows in flows)
        treasury = self.treasury.close(
            model.state, model.values, self.seizures[1], self.insured_usd(), ai_firms["sales_state_usd"]
        )
        post_month(self.ledger, t, *flows, self.power_accounts, treasury)
        self.take_census()
        now, before = self.census, self.before
        change = {M: now.mining.cash_usd - before.mining.cash_usd, A: now.ai.cash_usd - before.ai.cash_usd}
        self.ledger.check(t, change)
        label = model.drivers.labels[t]
        check_people(label, model.state, self.people_before, now.jobs)
        check_hardware(label, before.machines_ths, now.machines_ths, self.trade[0], self.trade[3])
        day = self.power_month(power)
        building, mining, ai = now.jobs.sum(axis=1).tolist()
        import_share = model.values["compute_import_substitution_share"]
        self.seen = {
            "arrears_change_usd": self.power_accounts.arrears_change_usd,
            "consumer_bill_usd": self.power_accounts.consumer_bill_usd,
            "others_energy_mwh": self.power_accounts.consumer_mwh,
            "shed_mwh": day.shed_mwh * power.days,
            "jobs_total": all_jobs(building, mining + ai, model.values),
            "tax_total_usd": sum(tax_revenue(miners, ai_firms, treasury).values()),
            "reserves_change_usd": exchange_row(
                miners, ai_firms, self.power_accounts, treasury, now.kept_abroad_usd, import_share
            )["reserves_change_usd"],
        }
        self.diary.write(
            t, mining=now.mining, ai=now.ai, accounts=self.power_accounts, treasury=treasury,
            miners=flows[0], ai_firms=flows[1], jobs=now.jobs, power=day,
        )  # fmt: skip
        self.record(t, power)

    def power_month(self, power: MonthOfPower) -> PowerMonth:
        """What outputs need of the month's dispatch."""
        result = power.result
        day = day_totals(
            power.demand_mw, power.price_usd_per_mwh, result.shed_mw, result.interrupted_mw, result.over_mw,
            self.model.state.consumers,
        )  # fmt: skip
        return PowerMonth(power.generation_mwh, power.emissions_t, *day)

    def record(self, t: int, power: MonthOfPower) -> None:
        """Measure and keep what nobody in the model looks at: outputs only."""
        model, state, now = self.model, self.model.state, self.census
        surplus = surplus_of(model.power, power, t)
        offer_hours, probe_hours, probe_cost = count_hours(
            surplus.free_mw, surplus.probe_usd_per_mwh, OFFER_MW, PROBE_MW
        )
        self.diary.write(
            t, offer_hours=offer_hours, probe_hours=probe_hours, probe_usd_per_mwh=probe_cost,
            mining_costs=mining_stack(state.world, state.policy, state.par),
            ai_costs=ai_stack(state.world, state.policy, state.par),
            coins=self.treasury.count_coins(state, float(model.drivers.btc_price_usd[t])),
            scattered=Scattered(
                home_hash_ehs=self.network[0],
                hashprice_usd_per_ph_day=self.network[2],
                abroad_hash_ehs=now.abroad_hash_ehs,
                abroad_machine_mw=now.abroad_machine_mw,
                cases=self.seizures[0],
                converted_mw=self.converted_mw,
                expatriates=now.expatriates,
                kept_abroad_usd=now.kept_abroad_usd,
            ),
        )  # fmt: skip
        self.diary.copy_records(t)
        self.months_kept = t + 1
        if t >= model.scenario.months - TYPICAL_MONTHS:
            self.days.add(four_seasons(int(model.drivers.month_of_year[t])), power, surplus)

    def insured_usd(self) -> float:
        """Capital of new AI halls at today's prices, which a public guarantee of country risk covers, USD."""
        return float(
            self.census.ai.new_it_mw * new_hall_usd_per_mw_it(self.model.state.world, self.model.state.par)
        )

    @property
    def row(self) -> dict[str, float]:
        """Outputs of the last month by name, worked out when first asked for."""
        if self._row[0] != self.months_kept:
            last = self.diary.months(self.months_kept - 1, self.months_kept)
            found = self.outputs_of(last)
            self._row = (self.months_kept, {name: float(column[0]) for name, column in found.items()})
        return self._row[1]

    def outputs(self) -> pd.DataFrame:
        """Outputs of the months so far: one row per month, units in ``.attrs``. Raises ModelError for one
        that is not finite.
        """
        columns = self.outputs_of(self.diary.months(0, self.months_kept))
        return output_table(self.ledger.labels[: self.months_kept], columns)

    def typical_days(self) -> pd.DataFrame:
        """Mean day by season over the last months of the run: season, hour and hourly MW or USD per MWh."""
        return self.days.frame()
