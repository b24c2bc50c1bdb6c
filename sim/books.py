"""The books of a run: ledger, monthly outputs, typical days; opened and closed once a month."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.closing import (
    STOCKS,
    Stand,
    close_month,
    day_of,
    open_stand,
    parties_of,
    record_months,
)
from sim.diary import Diary, Months
from sim.enforcement import collect_seizures
from sim.grid_outputs import four_seasons, mean_days
from sim.invariants import check_hardware, check_people
from sim.ledger import A, Ledger, M
from sim.month_outputs import month_outputs
from sim.posting import all_lines
from sim.power import MonthOfPower
from sim.settlement import allowed_delivery_share, open_reference_gaps, settle_power
from sim.surplus import surplus_case
from sim.treasury import TreasuryBooks
from sim.variables import output_table

if TYPE_CHECKING:
    from sim.model import WattLabModel

FloatArray = npt.NDArray[np.float64]
TYPICAL_MONTHS = 24
OPENING_MONTHS = 12


class Books:
    """Collects what a month did."""

    def __init__(self, model: WattLabModel) -> None:
        self.model = model
        labels = model.drivers.labels[: model.scenario.months]
        self.ledger = Ledger.empty(labels)
        self.diary = Diary(model.state, model.drivers, len(labels), model.power.zones)
        self.months_kept = 0
        self._row: tuple[int, dict[str, float]] = (0, {})
        self.trade = (0.0, 0.0, 0.0, 0.0)
        self.network = (0.0, 0.0, 0.0)
        self.seizures = (0.0, 0.0, 0.0)
        self.mean_load_mw = float(np.mean(model.scenario.country_data.load_shape.mean_load_mw))
        self.treasury = TreasuryBooks(model.values["smart_meter_share_start"])
        self.powers: list[MonthOfPower] = []
        self.power_system, self.measured = model.power, 0
        self.typical_from = max(0, len(labels) - TYPICAL_MONTHS)
        self.outputs_of = functools.partial(
            month_outputs,
            country=model.scenario.country_data,
            release_month=model.frontier.release_month,
        )
        foreign = (
            firms["foreign"].astype(np.float64) for firms in (model.state.miners, model.state.ai_firms)
        )
        heads = np.zeros(len(model.state.skills))
        self.stand = tuple(Stand(np.zeros(STOCKS), heads, self.treasury.last, *foreign))
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
        delivered = allowed_delivery_share(model.state.par[0])
        for t in range(OPENING_MONTHS):
            power = model.power.run_month(model.state, t)
            operator["energy_cost_usd"][0, t] = power.energy_cost_usd
            operator["capacity_cost_usd"][0, t] = model.power.capacity_cost_usd(t)
            operator["allowed_sales_mwh"][0, t] = power.used_mwh * delivered
            if t == 0:
                model.marginal_usd_per_mwh = power.price_usd_per_mwh
        sold_kwh = operator["allowed_sales_mwh"].sum() * 1000.0
        operator["reference_energy_usd_per_kwh"] = operator["energy_cost_usd"].sum() / sold_kwh
        network_usd = operator["network_cost_usd_per_year"][0] / 12.0
        open_reference_gaps(operator, network_usd, model.values["fuel_pass_through_share"])

    def take_census(self) -> None:
        """Count stocks and people before the first month, or where they were changed from outside."""
        open_stand(parties_of(self.model.state), self.stand)

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
        """Post all flows, check the books and stocks, keep the month for the outputs, let the government
        see it.
        """
        model, label = self.model, self.model.drivers.labels[t]
        (home_hash_ehs, _, hashprice), (cases, seized_usd, _) = self.network, self.seizures
        mining_usd, ai_usd, machines_before, machines_now, lost, miscounted, scale = close_month(
            tuple(self.diary.pages), self.ledger.flows, all_lines(), t, parties_of(model.state), self.stand,
            tuple(self.power_accounts), day_of(power),
            (home_hash_ehs, hashprice, cases, seized_usd, self.converted_mw), self.mean_load_mw,
        )  # fmt: skip
        self.ledger.check(t, {M: mining_usd, A: ai_usd})
        check_people(label, lost, miscounted, scale)
        check_hardware(label, machines_before, machines_now, self.trade[0], self.trade[3])
        self.record(t, power)

    def record(self, t: int, power: MonthOfPower) -> None:
        """Measure and keep what nobody in the model looks at: outputs only."""
        self.diary.copy_records(t)
        self.powers.append(power)
        self.months_kept = t + 1

    def measure(self) -> None:
        """Measure what is left for new load, and other outputs that nobody in the model looks at: for all
        months in one call, when they are first asked for.
        """
        if self.measured < self.months_kept:
            records, new = self.diary.records, self.powers[self.measured : self.months_kept]
            record_months(
                tuple(self.diary.pages), self.measured, surplus_case(self.power_system, new),
                self.treasury.purse, records["world"], records["policy"], records["par"],
            )  # fmt: skip
            self.measured = self.months_kept

    def months_from(self, first: int) -> Months:
        """Months kept from ``first`` on."""
        self.measure()
        return self.diary.months(first, self.months_kept)

    @property
    def row(self) -> dict[str, float]:
        """Outputs of the last month by name, worked out when first asked for."""
        if self._row[0] != self.months_kept:
            found = self.outputs_of(self.months_from(self.months_kept - 1))
            self._row = (self.months_kept, {name: float(column[0]) for name, column in found.items()})
        return self._row[1]

    def outputs(self) -> pd.DataFrame:
        """Outputs of the months so far: one row per month, units in ``.attrs``. Raises ModelError for one
        that is not finite.
        """
        columns = self.outputs_of(self.months_from(0))
        return output_table(self.ledger.labels[: self.months_kept], columns)

    def typical_days(self) -> pd.DataFrame:
        """Mean day by season over the last months of the run: season, hour and hourly MW or USD per MWh."""
        self.measure()
        when = slice(self.typical_from, self.months_kept)
        seasons = [four_seasons(int(month)) for month in self.diary.drivers.month_of_year[when]]
        return mean_days(self.power_system, seasons, self.powers[when], self.diary.pages.free_mw[when])
