"""From a study to the exact list of runs: every scenario loaded and checked once, every run named."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from experiments.design import INSTRUMENT, RunSpec, SizeName, Study, expand, points_of, setting_kind
from experiments.errors import StudyError, unknown_name
from experiments.factors import Parameter
from experiments.provenance import code_version
from experiments.sampling import LISTED, Points

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Task:
    """One run with its identity, complete in itself: a worker anywhere reads no file to run it.

    ``country`` and ``regime`` are names, ``spec`` says what to vary, ``base`` is the scenario before that.
    """

    run_id: str
    spec: RunSpec
    country: str
    regime: str
    scenario_hash: str
    base: str = ""


@dataclass(frozen=True)
class Plan:
    """All runs of one study at one size, with the scenarios and the output registry they refer to.

    ``tasks`` are the distinct runs; ``rows`` says which run each replicate of each point is, because points
    that differ in nothing that the model reads share a run. ``scenarios``: those before the overrides.
    """

    plan_id: str
    study: Study
    size: SizeName
    code_version: str
    tasks: tuple[Task, ...]
    scenarios: dict[str, str]
    outputs: dict[str, dict[str, str]]
    rows: tuple[Task, ...]
    points: Points

    @property
    def regime_names(self) -> dict[str, str]:
        """Map what the study calls a regime (name or path) to the name of the scenario."""
        return {task.spec.regime: task.regime for task in self.tasks}


def run_identity(canonical_scenario: str, seed: int, engine: str, version: str) -> str:
    """Name a run by its content: hash of scenario, seed, engine and code version; 16 hex digits.

    The engine is part of the identity because the two engines agree to 1e-9, not bit for bit.
    """
    content = json.dumps([canonical_scenario, seed, engine, version])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def output_registry() -> dict[str, dict[str, str]]:
    """Copy the output registry of ``sim`` as plain text, so that results can be read without ``sim``."""
    from sim import outputs

    fields = ("unit", "label", "symbol", "aggregation", "group", "definition")
    return {
        name: {field: str(getattr(output, field)) for field in fields} for name, output in outputs().items()
    }


def make_plan(study: Study, size: SizeName, points: Points | None = None) -> Plan:
    """Load every scenario once and list the runs, of the given points if not of those of the design.

    Refuses unknown outputs, figures that the study cannot draw, two countries or regimes of one name, and
    points that give the same run although they are listed one by one.
    """
    registry = output_registry()
    _check_names(study, registry)
    version = code_version()
    listed = points is None and study.design.kind in LISTED
    points = points or points_of(study, size, design_registry(study.countries[0]))
    bases: dict[RunSpec, tuple[Any, str]] = {}
    rows = []
    for spec in expand(study, size, points):
        key = replace(spec, seed=0, point=0, overrides=())
        if key not in bases:
            scenario = key.load()
            bases[key] = (scenario, scenario.canonical_json())
        rows.append(_task(spec, *bases[key], version))
    _check_distinct(study, rows)
    tasks = {task.run_id: task for task in rows}
    if len(tasks) < len(rows) and listed:
        where = f"study {study.name}: {rows[0].country}/{rows[0].regime}"
        raise StudyError(f"{where} gives the same run at two design points; a level changes nothing")
    digest = hashlib.sha256("".join(task.run_id for task in rows).encode()).hexdigest()[:8]
    return Plan(
        plan_id=f"{study.name}-{size}-{digest}",
        study=study,
        size=size,
        code_version=version,
        tasks=tuple(tasks.values()),
        scenarios={scenario.hash: text for scenario, text in bases.values()},
        outputs=registry,
        rows=tuple(rows),
        points=points,
    )


def _task(spec: RunSpec, base: Any, base_text: str, version: str) -> Task:
    """Name one run: its scenario varied, hashed, and made part of the identity."""
    scenario = spec.vary(base)
    text = scenario.canonical_json()
    run_id = run_identity(text, spec.seed, spec.engine, version)
    scenario_hash = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Task(run_id, spec, scenario.country, scenario.regime, scenario_hash, base_text)


def design_registry(country: str) -> dict[str, Parameter]:
    """Return what a design can vary: parameters as a country has them, and instruments of the regime."""
    from sim import instruments, parameters
    from sim.countries import load_country

    found: dict[str, Any] = dict(parameters())
    for name, own in load_country(country).values.items():
        row = found[name]
        low = row.low if own.low is None else max(own.low, row.low)
        high = row.high if own.high is None else min(own.high, row.high)
        found[name] = replace(row, value=own.value, low=low, high=high, status=own.status)
    for name, item in instruments().items():
        known = name if name not in found else f"{INSTRUMENT}{name}"
        found[known] = InstrumentRange(item.default, item.low, item.high, choices_of(item))
    return found


def choices_of(instrument: Any) -> tuple[Any, ...]:
    """List the values of an instrument that has no range of numbers."""
    return (False, True) if instrument.kind == "bool" else instrument.choices


@dataclass(frozen=True)
class InstrumentRange:
    """An instrument as an uncertain factor: any value that the registry of instruments allows."""

    value: Any
    low: float
    high: float
    choices: tuple[Any, ...] = ()
    distribution: str = "uniform"


def _check_names(study: Study, registry: dict[str, dict[str, str]]) -> None:
    from experiments.figures import figure_specs
    from experiments.figures.needs import obstacle

    for name in study.outputs:
        if name not in registry:
            raise StudyError(f"study {study.name}: outputs: {unknown_name('output', name, registry)}")
    variants = [each for group in study.design.variants.values() for each in group]
    settings = [("overrides", list(study.overrides)), ("design.levels", list(study.design.levels))]
    settings += [(f"design.variants, {each.name}", list(each.values)) for each in variants]
    for table, names in settings:
        for name in names:
            setting_kind(name, f"study {study.name}, {table}")
    known, plain = figure_specs(), study.model_dump(mode="json")
    for name in study.figures:
        if name not in known:
            raise StudyError(f"study {study.name}: figures: {unknown_name('figure', name, known)}")
        if why := obstacle(known[name], plain):
            raise StudyError(f"study {study.name}: figures: {why}")


def _check_distinct(study: Study, rows: list[Task]) -> None:
    """Refuse two files of one name: their runs could not be told apart in any table."""
    for kind in ("country", "regime"):
        sources: dict[str, set[str]] = {}
        for task in rows:
            sources.setdefault(getattr(task, kind), set()).add(getattr(task.spec, kind))
        for name, found in sources.items():
            if len(found) > 1:
                raise StudyError(
                    f"study {study.name}: {' and '.join(sorted(found))} have the same name '{name}'; "
                    f'give each {kind} a name of its own (name = "..." in its file)'
                )


def factor_facts(plan: Plan) -> dict[str, dict[str, str]]:
    """Return unit and label of everything that a design sets, as registered, for those who read results.

    Local money has the name of its currency if all regimes and countries of the plan have the same one.
    """
    from sim import instruments, parameters

    policy, known = instruments(), parameters()
    currencies = set().union(*map(_currencies, plan.scenarios.values()))
    facts = {}
    for name in sorted({name for setting in plan.points.settings for name in setting}):
        plain = name.removeprefix(INSTRUMENT)
        found = known.get(plain) if plain == name and plain in known else policy.get(plain)
        unit = getattr(found, "unit", "")
        if len(currencies) == 1:
            unit = re.sub(r"\blocal\b", min(currencies), unit)
        facts[name] = {"unit": unit, "label": getattr(found, "label", "")}
    return facts


def _currencies(scenario: str) -> set[str]:
    try:
        content = json.loads(scenario)
        return {content["country"]["currency"], content["regime"]["currency"]}
    except (ValueError, KeyError, TypeError):
        return set()  # Not a scenario of the model: studies of stand-ins have none.


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """Flatten a plan to one row per replicate: its run, and everything needed to run that again alone."""
    base_hash = {text: name for name, text in plan.scenarios.items()}
    rows = []
    for task in plan.rows:
        row = asdict(task.spec)
        for field in ("overrides", "population"):
            row[field] = json.dumps(dict(row[field]), sort_keys=True)
        row["country_source"] = row.pop("country")
        row["regime_source"] = row.pop("regime")
        rows.append(
            {
                "run_id": task.run_id,
                "country": task.country,
                "regime": task.regime,
                "scenario_hash": task.scenario_hash,
                "base_hash": base_hash.get(task.base, ""),
                "code_version": plan.code_version,
                **row,
            }
        )
    return rows


def plan_tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """Make the tables of a plan: replicates (""), scenarios before the overrides, design points."""
    import pandas as pd

    scenarios = {"base_hash": list(plan.scenarios), "scenario": list(plan.scenarios.values())}
    points: dict[str, Any] = {"point": range(len(plan.points.settings))}
    if plan.points.units is not None:
        columns = plan.points.units.T
        points |= {f"u_{name}": u for name, u in zip(plan.points.factors, columns, strict=True)}
    for name in sorted({name for setting in plan.points.settings for name in setting}):
        points[f"set_{name}"] = [setting.get(name) for setting in plan.points.settings]
    tables = {"": plan_rows(plan), "scenarios": scenarios, "points": points}
    return {kind: pd.DataFrame(content) for kind, content in tables.items()}
