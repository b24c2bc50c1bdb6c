"""What a run keeps of its months, one row a month; outputs are worked out afterwards from whole columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.base import SKILLS
from sim.census import AiCensus, MiningCensus
from sim.drivers import Drivers
from sim.settlement import OWNERS, PowerAccounts, Treasury
from sim.state import FLOW, KEPT, State
from sim.surplus import LIMITS
from sim.treasury import CoinMonth
from sim.unit_costs import PARTS_AI, PARTS_MINING

FloatArray = npt.NDArray[np.float64]


class Scattered(NamedTuple):
    """Single numbers of a month: hash rate at home (EH/s) and hashprice (USD/PH/day) of the network; hash
    rate (EH/s) and machine power (MW) abroad; cases of enforcement (1); site MW that changed hands; staff
    from abroad (jobs); dividends kept abroad (USD).
    """

    home_hash_ehs: float
    hashprice_usd_per_ph_day: float
    abroad_hash_ehs: float
    abroad_machine_mw: float
    cases: float
    converted_mw: float
    expatriates: float
    kept_abroad_usd: float


class PowerMonth(NamedTuple):
    """Generation (MWh) and emissions (t) of a month, and of its typical day: energy shed, interrupted and
    curtailed (MWh), price weighted by load (USD per MWh), rooftop solar (MW), batteries (MWh).
    """

    generation_mwh: float
    emissions_t: float
    shed_mwh: float
    interrupted_mwh: float
    curtailed_mwh: float
    price_usd_per_mwh: float
    solar_mw: float
    battery_mwh: float


class Pages(NamedTuple):
    """Arrays over months, month first; columns of the first seven under the names of ``TUPLES``, sums of
    flows by owner and flow.
    """

    mining: FloatArray
    ai: FloatArray
    scattered: FloatArray
    power: FloatArray
    accounts: FloatArray
    treasury: FloatArray
    coins: FloatArray
    miners: FloatArray
    ai_firms: FloatArray
    jobs: FloatArray
    mining_costs: FloatArray
    ai_costs: FloatArray
    offer_hours: FloatArray
    probe_hours: FloatArray
    probe_usd_per_mwh: FloatArray
    free_mw: FloatArray
    state_mine_btc: FloatArray


@dataclass(frozen=True)
class Months:
    """Columns over months: every attribute has the month as its first axis, or is a tuple of such columns.
    Records are copies at the end of the month.
    """

    number: npt.NDArray[np.int64]
    days: FloatArray
    btc_price_usd: FloatArray
    gpu_price_usd_per_hour: FloatArray
    world: np.ndarray
    policy: np.ndarray
    par: np.ndarray
    operator: np.ndarray
    lender: np.ndarray
    skills: np.ndarray
    consumers: np.ndarray
    # Columns under the names of ``TUPLES``
    mining: Any
    ai: Any
    scattered: Any
    power: Any
    accounts: Any
    treasury: Any
    coins: Any
    miners: FloatArray  # [owners, flows, T]
    ai_firms: FloatArray  # [owners, flows, T]
    jobs: FloatArray  # [T, 3, SKILLS] construction, mining, AI
    mining_costs: FloatArray  # [T, parts]
    ai_costs: FloatArray  # [T, parts]
    offer_hours: FloatArray  # [T, limits]
    probe_hours: FloatArray  # [T, limits, zones]
    probe_usd_per_mwh: FloatArray  # [T, zones]


TUPLES: dict[str, Any] = {
    "mining": MiningCensus, "ai": AiCensus, "scattered": Scattered, "power": PowerMonth,
    "accounts": PowerAccounts, "treasury": Treasury, "coins": CoinMonth,
}  # fmt: skip


class Diary:
    """Arrays with one row per month of a run."""

    def __init__(self, state: State, drivers: Drivers, months: int, zones: int) -> None:
        self.drivers = drivers
        self.kept = state.kept
        # A single row would be another type of array to compiled code
        self.words = np.empty((max(2, months), len(state.kept)))
        self.records = self.views(state)
        shapes = {name: (len(form._fields),) for name, form in TUPLES.items()} | {
            "miners": (len(OWNERS), len(FLOW)),
            "ai_firms": (len(OWNERS), len(FLOW)),
            "jobs": (3, SKILLS),
            "mining_costs": (len(PARTS_MINING),),
            "ai_costs": (len(PARTS_AI),),
            "offer_hours": (LIMITS,),
            "probe_hours": (LIMITS, zones),
            "probe_usd_per_mwh": (zones,),
            "free_mw": (LIMITS, zones, 24),
            "state_mine_btc": (),
        }
        self.pages = Pages(**{name: np.zeros((months, *shape)) for name, shape in shapes.items()})

    def views(self, state: State) -> dict[str, np.ndarray]:
        """Kept records by name, months first."""
        found, first = {}, 0
        for name in KEPT:
            kept: np.ndarray = getattr(state, name)
            past = first + kept.nbytes // self.words.itemsize
            records = self.words[:, first:past].view(kept.dtype)
            found[name] = records[:, 0] if len(kept) == 1 else records
            first = past
        return found

    def copy_records(self, t: int) -> None:
        """Keep records as they are at the end of month ``t``."""
        self.words[t] = self.kept

    def months(self, first: int, stop: int) -> Months:
        """Columns of the months from ``first`` until before ``stop``."""
        when = slice(first, stop)
        found: dict[str, Any] = {
            "number": np.arange(first, stop),
            "days": self.drivers.days[when],
            "btc_price_usd": self.drivers.btc_price_usd[when],
            "gpu_price_usd_per_hour": self.drivers.gpu_price_usd_per_hour[when],
        }
        found |= {name: records[when] for name, records in self.records.items()}
        for name, page in self.pages._asdict().items():
            found[name] = page[when]
        for name, form in TUPLES.items():
            found[name] = form(*found[name].T)
        for name in ("miners", "ai_firms"):
            found[name] = found[name].transpose(1, 2, 0)
        return Months(**{field.name: found[field.name] for field in fields(Months)})
