"""Parts of a study file: sizes, design, stopping rule, goals, policy search."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from experiments.errors import unknown_name
from experiments.factors import Value
from experiments.sampling import DESIGNS, LISTED


class _Model(BaseModel):
    """A part of a study file: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Size(_Model):
    """How much of a study to run."""

    seeds: int = Field(ge=1)
    months: int | None = Field(default=None, ge=1)
    points: int | None = Field(default=None, ge=1)


class Uncertain(_Model):
    """Bounds and distribution of one uncertain parameter; what is left out comes from the registry.

    ``values`` (with ``weights``, if they are not equally likely) makes it a choice between them.
    """

    low: float | None = None
    high: float | None = None
    distribution: str | None = None
    values: list[Value] = []
    weights: list[float] = []

    @model_validator(mode="after")
    def _one_form(self) -> Uncertain:
        if self.weights and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.weights)} weights for {len(self.values)} values")
        return self


class Joint(_Model):
    """A table whose rows are settings of several parameters that belong together, drawn by weight."""

    table: str
    parameters: list[str] = Field(min_length=1)
    weight: str = ""


class Variant(_Model):
    """One of several ways in which a group of parameters and instruments may stand."""

    name: str
    values: dict[str, Value] = {}


class Select(_Model):
    """All parameters of the registry in these blocks, with these statuses, that have a distribution."""

    block: list[str] = []
    status: list[str] = []
    without: list[str] = []

    @model_validator(mode="after")
    def _narrow(self) -> Select:
        if not (self.block or self.status):
            raise ValueError("select needs a list of blocks or of statuses")
        return self


class Design(_Model):
    """How parameter points are chosen, and how seeds go with them.

    ``seeds``: "shared", every point has the same seeds (crossed: differences between points are paired);
    "own", every point has seeds of its own (nested); "factor", the seed is one more factor of the design.
    ``variants``: by group, named settings of several values; like ``levels``, all combinations.
    """

    kind: str = "factorial"
    points: int = Field(default=1, ge=1)
    seed: int = Field(default=1, ge=0)
    seeds: Literal["shared", "own", "factor"] = "shared"
    levels: dict[str, list[Value]] = {}
    variants: dict[str, list[Variant]] = {}
    uncertain: dict[str, Uncertain] = {}
    joint: dict[str, Joint] = {}
    select: list[Select] = []
    dummy: bool = False

    @model_validator(mode="after")
    def _known(self) -> Design:
        if self.kind not in DESIGNS:
            raise ValueError(unknown_name("design kind", self.kind, DESIGNS))
        sampled = self.uncertain or self.joint or self.select
        if self.kind in LISTED and (sampled or self.dummy):
            raise ValueError(f"a {self.kind} design takes levels, not uncertain parameters")
        if self.kind not in LISTED and not sampled:
            raise ValueError(f"a {self.kind} design needs at least one uncertain parameter")
        if self.kind in ("sobol", "morris") and (self.levels or self.variants):
            raise ValueError(f"a {self.kind} design takes no levels; give each level a study of its own")
        if self.seeds == "factor" and self.kind not in ("sobol", "latin-hypercube", "quasi-random"):
            raise ValueError(f"the seed cannot be a factor of a {self.kind} design")
        return self


class Stopping(_Model):
    """When a sequential study stops: all contrasts of these outputs known well enough (P5).

    ``smallest_effects``: the smallest difference of interest by output, in its unit.
    """

    smallest_effects: dict[str, float] = Field(min_length=1)
    seeds_per_round: int = Field(default=10, ge=4)


class Search(_Model):
    """Instruments to search, objectives to weigh against each other, and how long to search.

    ``judged_by``: "mean" over the worlds of the study, or "worst-fifth", the mean over the worst fifth of
    them.
    """

    instruments: dict[str, Uncertain] = Field(min_length=1)
    objectives: dict[str, Literal["max", "min"]] = Field(min_length=2)
    judged_by: Literal["mean", "worst-fifth"] = "mean"
    population: int = Field(default=24, ge=4)
    generations: int = Field(default=10, ge=1)
    seed: int = Field(default=1, ge=0)


class Goal(_Model):
    """A bound that a good future keeps; with ``difference``, a bound on the difference to the baseline."""

    at_least: float | None = None
    at_most: float | None = None
    difference: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> Goal:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least, at_most or both")
        return self
