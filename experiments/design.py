"""A study as data: countries, regimes, parameters, seeds and design; from TOML to run specifications."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from experiments.anchors import anchored
from experiments.errors import StudyError, unknown_name
from experiments.factors import Parameter, Value
from experiments.sampling import Points, design_points
from experiments.study_parts import Design, Goal, Joint, Search, Select, Size, Stopping, Uncertain

SizeName = Literal["quick", "full"]
# Before the name of an instrument that a parameter has too, and before the name of that parameter.
INSTRUMENT = "regime."
PARAMETER = "parameter."


class Study(BaseModel):
    """One study file; see ``experiments/studies/headline.toml`` for a commented example."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = ""
    description: str = ""
    countries: list[str] = Field(min_length=1)
    regimes: list[str] = Field(min_length=1)
    baseline: str
    start: str = "2025-06"
    months: int = Field(ge=1)
    population: dict[str, int] = {}
    first_seed: int = Field(default=1, ge=0)
    engine: Literal["columns", "objects"] = "columns"
    drivers: str = "replay"
    series: bool = True
    overrides: dict[str, Value] = {}
    design: Design = Field(default_factory=Design)
    stopping: Stopping | None = None
    goals: dict[str, Goal] = {}
    search: Search | None = None
    sizes: dict[SizeName, Size]
    outputs: list[str] = Field(min_length=1)
    minimise: list[str] = []
    figures: list[str] = []
    featured: list[str] = []
    labels: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        for field, names in (("baseline", [self.baseline]), ("featured", self.featured)):
            for name in names:
                if name not in self.regimes:
                    raise ValueError(f"{field}: {unknown_name('regime', name, self.regimes)}")
        for field in ("countries", "regimes", "outputs", "figures"):
            names = getattr(self, field)
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: a name is given twice")
        if "quick" not in self.sizes:
            raise ValueError("sizes: [sizes.quick] with the number of seeds is missing")
        effects = self.stopping.smallest_effects if self.stopping else {}
        objectives = self.search.objectives if self.search else {}
        named = {"minimise": self.minimise, "goals": self.goals, "stopping": effects, "search": objectives}
        for field, outputs in named.items():
            for name in outputs:
                if name not in self.outputs:
                    raise ValueError(f"{field}: {unknown_name('output', name, self.outputs)}")
        return self

    def size(self, name: SizeName) -> Size:
        """Return the named size; a study without ``full`` has only ``quick``."""
        if name not in self.sizes:
            raise StudyError(f"study {self.name} has no size '{name}'; allowed: {', '.join(self.sizes)}")
        return self.sizes[name]


@dataclass(frozen=True)
class RunSpec:
    """One run: what to load, which seed. ``country`` and ``regime`` are shipped names or absolute paths."""

    country: str
    regime: str
    months: int
    seed: int
    point: int = 0
    start: str = "2025-06"
    drivers: str = "replay"
    engine: str = "columns"
    series: bool = True
    overrides: tuple[tuple[str, Value], ...] = ()
    population: tuple[tuple[str, int], ...] = ()

    def load(self) -> Any:
        """Load the scenario without the overrides; ScenarioError for what ``sim`` does not accept."""
        from sim import load_scenario

        return load_scenario(
            self.country,
            regime=self.regime,
            start=self.start,
            months=self.months,
            drivers=self.drivers,
            population=dict(self.population),
        )

    def vary(self, scenario: Any) -> Any:
        """Apply the overrides of this run, which name parameters or instruments, to the loaded scenario."""
        return varied(scenario, dict(self.overrides))


def varied(scenario: Any, overrides: Mapping[str, Value]) -> Any:
    """Set parameters and instruments of a scenario, whichever the names are.

    A name that is both means the parameter; with ``regime.`` before it, it is the instrument. Raises
    ScenarioError for a name that is neither.
    """
    chosen: dict[str, dict[str, Value]] = {"parameter": {}, "instrument": {}}
    for name, value in overrides.items():
        kind, plain = setting_kind(name)
        chosen[kind][plain] = value
    return scenario.varied(chosen["parameter"], chosen["instrument"])


def setting_kind(name: str, where: str = "") -> tuple[str, str]:
    """Find what the name of a setting is: ("parameter" or "instrument", the name without its prefix).

    Raises ScenarioError, naming ``where`` and what is near, for a name that is neither.
    """
    from sim import instruments, parameters
    from sim.errors import unknown

    registries: dict[str, Mapping[str, Any]] = {"parameter": parameters(), "instrument": instruments()}
    for kind, prefix in (("parameter", PARAMETER), ("instrument", INSTRUMENT)):
        if name.startswith(prefix):
            plain = name.removeprefix(prefix)
            if plain not in registries[kind]:
                raise unknown(kind, plain, registries[kind], where)
            return kind, plain
    for kind, registry in registries.items():
        if name in registry:
            return kind, name
    raise unknown("parameter or instrument", name, {**parameters(), **instruments()}, where)


def shipped_studies() -> list[str]:
    """List the names of the studies that come with WattLab."""
    folder = resources.files("experiments") / "studies"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load_study(name_or_path: str | Path) -> Study:
    """Read a study by shipped name or from a TOML file; paths in it are relative to the file."""
    text_name = str(name_or_path)
    if not text_name.endswith(".toml"):
        if text_name not in shipped_studies():
            message = unknown_name("study", text_name, shipped_studies())
            raise StudyError(f"{message} (or give the path of a .toml file)")
        text = (resources.files("experiments") / "studies" / f"{text_name}.toml").read_text(encoding="utf-8")
        return parse_study(text, text_name)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StudyError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:  # A name with a NUL, or bytes that are not UTF-8
        raise StudyError(f"{path}: not a text file in UTF-8") from error
    return parse_study(text, str(path), path.parent)


def parse_study(text: str, where: str, folder: Path | None = None) -> Study:
    """Check the text of a study; every problem becomes one line that names the field and what is allowed."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{where}: not valid TOML: {error}") from error
    if folder:
        content = anchored(content, folder, where)
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise StudyError(f"{where}: {_one_line(error)}") from error


def _one_line(error: ValidationError) -> str:
    # An unknown field is often the reason why another one is missing: name it first.
    first, *others = sorted(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        path = first["loc"][:-1]
        fields = _fields_at(path)
        message = unknown_name("field", str(first["loc"][-1]), fields) if fields else "unknown field"
    elif first["type"] not in ("missing", "value_error"):
        message += f" (got {first['input']!r})"
    more = f" (and {len(others)} more)" if others else ""
    return f"{where}: {message}{more}" if where else f"{message}{more}"


FIELDS: dict[tuple[Any, ...], type[BaseModel]] = {
    ("sizes",): Size,
    ("goals",): Goal,
    ("stopping",): Stopping,
    ("search",): Search,
}


def _fields_at(path: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Study
    if path[:1] == ("design",):
        parts: dict[str, type[BaseModel]] = {"uncertain": Uncertain, "joint": Joint, "select": Select}
        model = next((part for name, part in parts.items() if name in path), Design)
    elif path[:1] in FIELDS:
        model = FIELDS[path[:1]]
    return list(model.model_fields)


def points_of(study: Study, size: SizeName, registry: Mapping[str, Parameter]) -> Points:
    """Return the points of a study at a size."""
    return design_points(study.design, study.size(size).points, registry)


def expand(study: Study, size: SizeName, points: Points) -> list[RunSpec]:
    """List the runs of a study, seed by seed, so that a stopped sweep leaves complete pairs of regimes."""
    chosen = study.size(size)
    return [
        RunSpec(
            country=country,
            regime=regime,
            months=chosen.months or study.months,
            seed=seed,
            point=number,
            start=study.start,
            drivers=study.drivers,
            engine=study.engine,
            series=study.series,
            overrides=tuple(sorted({**study.overrides, **points.settings[number]}.items())),
            population=tuple(sorted(study.population.items())),
        )
        for seed, number in _replicates(study, chosen.seeds, points)
        for country in study.countries
        for regime in study.regimes
    ]


def _replicates(study: Study, seeds: int, points: Points) -> list[tuple[int, int]]:
    """List seed and point of every replicate, in the order in which they run."""
    first, numbers = study.first_seed, range(len(points.settings))
    if points.luck is not None:
        return [(first + min(int(u * seeds), seeds - 1), number) for number, u in enumerate(points.luck)]
    if study.design.seeds == "own":
        return [(first + number * seeds + k, number) for k in range(seeds) for number in numbers]
    return [(first + k, number) for k in range(seeds) for number in numbers]
