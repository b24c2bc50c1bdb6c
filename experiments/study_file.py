"""Study files for people: a commented template, and what a study costs before it runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sized
from importlib import resources
from pathlib import Path

from experiments.design import SizeName, Study
from experiments.errors import StudyError
from experiments.plan import Plan, Task, make_plan
from experiments.progress import duration
from experiments.runner import available_processors
from experiments.store import encode
from experiments.worker import compute_parts, execute_run

TRIAL_RUNS = 3
FACTORS_SHOWN = 20
MEGABYTE = 1e6


def write_template(path: Path) -> Path:
    """Write the commented template under the name of the file; refuses to overwrite."""
    if path.suffix != ".toml":
        raise StudyError(f"{path}: a study is a .toml file")
    text = (resources.files("experiments") / "study_template.toml").read_text(encoding="utf-8")
    name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in path.stem.lower()).strip("-_")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace("my-study", name or "my-study"))
    except FileExistsError:
        raise StudyError(f"{path} exists; choose another name") from None
    except OSError as error:
        raise StudyError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return path


def size_note(study: Study, size: SizeName) -> str:
    """Say how many months a size leaves out; empty if it leaves out none."""
    months = study.size(size).months or study.months
    if months == study.months:
        return ""
    longer = (
        size == "quick" and "full" in study.sizes and (study.sizes["full"].months or study.months) > months
    )
    text = f"{size} size: {months} of {study.months} months"
    return f"{text}; --full for {study.sizes['full'].months or study.months}" if longer else text


def check_study(study: Study, size: SizeName, *, workers: int | None, trial: bool) -> list[str]:
    """Plan a study and say how many runs it has; with a trial, how long they take and how large they are."""
    plan = make_plan(study, size)
    seeds = len({task.spec.seed for task in plan.rows})
    shared = len(plan.rows) - len(plan.tasks)
    lines = [
        f"study {study.name}, size {size}: {len(plan.tasks)} runs of {plan.tasks[0].spec.months} months",
        f"  {_counted(study.countries, 'country', 'countries')} x "
        f"{_counted(study.regimes, 'regime', 'regimes')} x "
        f"{_counted(plan.points.settings, 'point', 'points')} ({study.design.kind}), "
        f"{seeds} seed{'s' if seeds != 1 else ''} ({study.design.seeds})",
    ]
    if note := size_note(study, size):
        lines.append(f"  {note}")
    if shared:
        lines.append(f"  {shared} replicates share a run with another, because they differ in nothing")
    if plan.points.factors:
        names = plan.points.factors
        shown = ", ".join(names[:FACTORS_SHOWN]) + (", ..." if len(names) > FACTORS_SHOWN else "")
        lines.append(f"  {len(names)} factors: {shown}")
    return lines + (_measured(plan, workers or available_processors()) if trial else [])


def _counted(items: Sized, one: str, many: str) -> str:
    return f"{len(items)} {one if len(items) == 1 else many}"


def _measured(plan: Plan, workers: int) -> list[str]:
    seconds, size = trial_cost(plan)
    runs = len(plan.tasks)
    free = shutil.disk_usage(Path.cwd()).free
    each = f"{seconds:.3f} s and {size / 1000:.0f} kB a run"
    return [
        f"  time about {duration(seconds * runs / workers)} on {workers} processes, disk about "
        f"{size * runs / MEGABYTE:,.0f} MB of {free / MEGABYTE:,.0f} MB free here ({each}, from a trial)"
    ]


def trial_cost(plan: Plan) -> tuple[float, float]:
    """Measure seconds and bytes of a run over runs from the beginning, middle and end of a plan."""
    chosen = _spread(plan.tasks)
    execute_run(chosen[0])  # Compiles, if that is still to do, and fills the caches.
    started = time.perf_counter()
    size = 0
    for batch, reports in compute_parts(chosen, list(plan.outputs), execute_run):
        if failed := [report for report in reports if report.error]:
            raise StudyError(f"study {plan.study.name}: a trial run failed: {failed[0].error}")
        size += sum(len(content) for content in encode(batch).files.values())
    return (time.perf_counter() - started) / len(chosen), size / len(chosen)


def _spread(tasks: tuple[Task, ...]) -> list[Task]:
    places = {round(k * (len(tasks) - 1) / (TRIAL_RUNS - 1)) for k in range(TRIAL_RUNS)}
    return [tasks[place] for place in sorted(places)]
