"""From a study to the exact list of runs: every scenario loaded and checked once, every run named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from experiments.design import RunSpec, SizeName, Study, expand
from experiments.errors import StudyError, unknown_name
from experiments.provenance import code_version


@dataclass(frozen=True)
class Task:
    """One run with its identity; ``country`` and ``regime`` are names, ``spec`` says what to load."""

    run_id: str
    spec: RunSpec
    country: str
    regime: str
    scenario_hash: str


@dataclass(frozen=True)
class Plan:
    """All runs of one study at one size, with the scenarios and the output registry they refer to."""

    plan_id: str
    study: Study
    size: SizeName
    code_version: str
    tasks: tuple[Task, ...]
    scenarios: dict[str, str]
    outputs: dict[str, dict[str, str]]

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


def make_plan(study: Study, size: SizeName) -> Plan:
    """Load every scenario once and list the runs; refuses unknown outputs, figures and duplicates."""
    from sim import parameters

    registry = output_registry()
    _check_names(study, registry)
    version = code_version()
    scenarios: dict[str, str] = {}
    loaded: dict[RunSpec, tuple[str, str, str, str]] = {}
    tasks: dict[str, Task] = {}
    for spec in expand(study, size, parameters()):
        key = replace(spec, seed=0)
        if key not in loaded:
            scenario = spec.load()
            text = scenario.canonical_json()
            loaded[key] = (scenario.country, scenario.regime, scenario.hash, text)
            scenarios[scenario.hash] = text
        country, regime, scenario_hash, text = loaded[key]
        run_id = run_identity(text, spec.seed, spec.engine, version)
        task = Task(run_id, spec, country, regime, scenario_hash)
        if run_id in tasks:
            where = f"study {study.name}: {country}/{regime}"
            raise StudyError(f"{where} gives the same run at two design points; a level changes nothing")
        tasks[run_id] = task
    digest = hashlib.sha256("".join(tasks).encode()).hexdigest()[:8]
    return Plan(
        plan_id=f"{study.name}-{size}-{digest}",
        study=study,
        size=size,
        code_version=version,
        tasks=tuple(tasks.values()),
        scenarios=scenarios,
        outputs=registry,
    )


def _check_names(study: Study, registry: dict[str, dict[str, str]]) -> None:
    from experiments.figures import figure_specs

    for name in study.outputs:
        if name not in registry:
            raise StudyError(f"study {study.name}: outputs: {unknown_name('output', name, registry)}")
    known = figure_specs()
    for name in study.figures:
        if name not in known:
            raise StudyError(f"study {study.name}: figures: {unknown_name('figure', name, known)}")


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """Flatten a plan to one row per run: identity and everything needed to run it again alone."""
    rows = []
    for task in plan.tasks:
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
                "code_version": plan.code_version,
                **row,
            }
        )
    return rows
