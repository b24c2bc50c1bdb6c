"""A stand-in for the model: outcomes in closed form, at once, and failures on demand.

The runner, the store, the analysis and the figures need many runs with known answers, not a world.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.design import RunSpec, Study, expand, points_of
from experiments.evidence import evidence_functions
from experiments.figures import HEADLINE, ai_constraints, cost_stack, figure_specs, jobs_by_skill
from experiments.plan import Plan, Task, run_identity
from experiments.sampling import Points
from experiments.worker import Outcome

FLOWS = [
    "investment_usd", "net_fiscal_usd", "tax_income_usd", "tax_turnover_usd", "tax_levy_usd",
    "tax_licence_usd", "tax_duty_usd", "tax_sales_usd", "tax_withholding_usd", "tax_fines_usd",
    "state_mining_usd", "special_gap_usd", "public_cost_usd",
]  # fmt: skip
STOCKS = [
    "jobs_total", "energised_mw", "mining_mw", "mining_licensed_mw", "mining_grey_mw", "mining_theft_mw",
    "ai_mw", "quota_mw", "offer_mw", "arrears_usd",
]  # fmt: skip
UNITS = {"usd": "USD", "mw": "MW", "mwh": "MWh"}
GRID = [
    "grid_cost_usd", "capacity_payments_usd", "network_cost_usd", "debt_interest_usd", "consumer_bill_usd",
    "unpaid_bills_usd", "special_revenue_usd", "subsidy_usd", "others_energy_mwh", "bill_households_usd",
    "bill_industry_usd", "bill_commerce_usd", "bill_farms_usd",
]  # fmt: skip
AI_AND_JOBS = [
    *(f"ai_blocked_{cause}" for cause in ai_constraints.CAUSES), ai_constraints.SHARE,
    *(f"{sector}_{part}_usd_per_mwh" for sector, parts in cost_stack.SECTORS.items() for part, *_ in parts),
    "mining_revenue_usd_per_mwh", "ai_revenue_usd_per_mwh", "jobs_total_low", "jobs_total_high",
    "jobs_operations", "jobs_construction", "jobs_operations_mining", "jobs_operations_ai",
    *(f"jobs_{phase}_{skill}" for phase in jobs_by_skill.PHASES for skill in jobs_by_skill.SKILLS),
    "investment_mining_usd", "investment_ai_usd",
]  # fmt: skip
PUBLIC = ["tax_auction_usd", "special_gap_treasury_usd", "stolen_cost_usd", "net_public_usd"]
OUTPUTS = {
    name: {
        "unit": UNITS.get(name.rpartition("_")[2], "jobs"),
        "label": name.rpartition("_")[0].replace("_", " ").capitalize(),
        "symbol": "x",
        "aggregation": "sum" if name in FLOWS + GRID + PUBLIC else "mean",
        "group": "test",
        "definition": "a made-up series",
    }
    for name in [*FLOWS, *STOCKS, *GRID, *AI_AND_JOBS, *PUBLIC]
}
# Evidence that is quick enough for the tests, and the figures that it and the made-up study allow; those of a
# study of their own, or of slow evidence, have tests of their own.
EVIDENCE = {
    name for name in evidence_functions() if name.startswith(("grid_", "bitcoin_", "pakistan_", "hashprice_"))
}
FIGURES = [
    name
    for name, spec in figure_specs().items()
    if spec.study in ("", HEADLINE) and set(spec.evidence) <= EVIDENCE
]
REGIMES = ["status-quo", "offer", "ban"]


@dataclass(frozen=True)
class Row:
    """A row of a made-up registry of parameters."""

    value: float
    low: float
    high: float
    distribution: str
    block: str = "test"
    status: str = "assumed"


REGISTRY = {
    "x": Row(3.0, 1.0, 5.0, "uniform"),
    "y": Row(2.0, 1.0, 9.0, "triangular"),
    "z": Row(1.0, 1.0, 1.0, "fixed", status="measured"),
    "w": Row(1.5, 1.0, 2.0, "lognormal", status="measured"),
}


def study(**changes: object) -> Study:
    content = {
        "name": "fake",
        "title": "A made-up study",
        "countries": ["nowhere"],
        "regimes": REGIMES,
        "baseline": "status-quo",
        "months": 24,
        "sizes": {"quick": {"seeds": 8}},
        "outputs": ["investment_usd", "jobs_total", "net_fiscal_usd", "arrears_usd"],
        "minimise": ["arrears_usd"],
        "labels": {"offer": "The offer"},
    }
    return Study.model_validate(content | changes)


def plan(of: Study | None = None, version: str | None = None, points: Points | None = None) -> Plan:
    """Plan a study without a model: a scenario is its country and regime."""
    from experiments.provenance import code_version

    chosen = of or study()
    version = version or code_version()
    tasks, scenarios = [], {}
    points = points or points_of(chosen, "quick", REGISTRY)
    for spec in expand(chosen, "quick", points):
        text = f"{spec.country}/{spec.regime}/{spec.months}/{spec.overrides}"
        identity = run_identity(text, spec.seed, spec.engine, version)
        scenario_hash = run_identity(text, 0, "", "")
        scenarios[scenario_hash] = text
        tasks.append(Task(identity, spec, spec.country, spec.regime, scenario_hash, text))
    distinct = tuple({task.run_id: task for task in tasks}.values())
    name = f"{chosen.name}-quick-test"
    return Plan(name, chosen, "quick", version, distinct, scenarios, OUTPUTS, tuple(tasks), points)


def execute(task: Task) -> Outcome:
    """Make outcomes: a common shock per seed, an effect per regime, a little noise of their own."""
    spec = task.spec
    common = np.random.default_rng(spec.seed)
    own = np.random.default_rng([spec.seed, sum(spec.regime.encode())])
    effect = 1.0 + sum(spec.regime.encode()) % 7
    shock = common.normal()
    clock = np.arange(spec.months)
    labels = [f"{2025 + (5 + t) // 12}-{(5 + t) % 12 + 1:02d}" for t in clock]
    months = pd.DataFrame(index=pd.Index(labels, name="month"))
    for place, name in enumerate(OUTPUTS):
        scale = {"USD": 1e7, "MW": 90.0, "MWh": 1e5, "jobs": 900.0}[OUTPUTS[name]["unit"]]
        ramp = 1.0 - np.exp(-clock / 20.0)
        level = effect + (1 + place % 3) * 0.3 * shock + 0.1 * own.normal()
        months[name] = scale * level * ramp + scale * 0.05 * common.normal(size=spec.months)
    months["quota_mw"] = 2000.0
    revenues = [name for name in months if name.startswith(("tax_", "state_mining"))]
    months["net_fiscal_usd"] = (
        months[revenues].sum(axis=1) - months["special_gap_treasury_usd"] - months["public_cost_usd"]
    )
    others = months["special_gap_usd"] - months["special_gap_treasury_usd"]
    months["net_public_usd"] = months["net_fiscal_usd"] - others - months["stolen_cost_usd"]
    days = pd.DataFrame(
        [(season, hour) for season in ("winter", "spring", "summer", "autumn") for hour in range(24)],
        columns=["season", "hour"],
    )
    days["mining_mw"] = 600.0 + 100.0 * effect - 200.0 * (days["hour"] // 4 == 5)
    days["ai_mw"] = 120.0 + 10.0 * shock
    days["load_mw"] = 14000.0 + 4000.0 * np.sin((days["hour"] - 9) / 24 * 2 * np.pi)
    days["load_mw"] += 3000.0 * (days["season"] == "summer")
    summary = {
        name: float(months[name].sum() if name in FLOWS + GRID + PUBLIC else months[name].mean())
        for name in OUTPUTS
    }
    return Outcome(months, days, summary)


def fails_for_seed_3(task: Task) -> Outcome:
    if task.spec.seed == 3 and task.spec.regime == "ban":
        raise ValueError("no such luck\n" + "and a long story " * 100)
    return execute(task)


def kills_its_process_for_seed_3(task: Task) -> Outcome:
    if task.spec.seed == 3 and task.spec.regime == "ban":
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(task)


def refuses_to_run(task: Task) -> Outcome:
    raise AssertionError("a stored run was run again")


def spec(**changes: object) -> RunSpec:
    content: dict[str, object] = {"country": "nowhere", "regime": "offer", "months": 12, "seed": 1}
    return RunSpec(**(content | changes))  # type: ignore[arg-type]
