"""Regimes as data: instruments with bounds, and TOML timelines of dated instrument values."""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.base import new_records
from agents.policy import Policy
from sim.errors import ScenarioError, unknown
from sim.parameters import data_text

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Instrument:
    """One policy instrument: unit, allowed values, neutral default and definition."""

    name: str
    unit: str
    kind: str
    low: float
    high: float
    default: str
    choices: tuple[str, ...]
    label: str
    definition: str

    def parse(self, value: object, where: str) -> float:
        """Turn a TOML value into the number the model uses; ScenarioError names the field, value and
        bound.
        """
        if self.kind == "bool":
            if isinstance(value, bool):
                return float(value)
            raise ScenarioError(f"{where}: {self.name} = {value!r} is not allowed; allowed: true or false")
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return float(self.choices.index(value))
            raise ScenarioError(
                f"{where}: {self.name} = {value!r} is not allowed; allowed: {', '.join(self.choices)}"
            )
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            raise ScenarioError(
                f"{where}: {self.name} = {value!r} is not allowed; "
                f"allowed: {self.low:g} to {self.high:g} {self.unit}"
            )
        return float(value)


@functools.cache
def instruments() -> dict[str, Instrument]:
    """Read the instrument registry, name -> instrument."""
    found = {}
    for row in csv.DictReader(data_text("instruments.csv").splitlines()):
        choices = tuple(row["choices"].split("|")) if row["choices"] else ()
        low = float(row["low"]) if row["low"] else 0.0
        high = float(row["high"]) if row["high"] else float(len(choices))
        found[row["name"]] = Instrument(
            row["name"],
            row["unit"],
            row["kind"],
            low,
            high,
            row["default"],
            choices,
            row["label"],
            row["definition"],
        )
    return found


class Event(BaseModel):
    """A dated change of instruments: in a calendar month, or a number of months after the start of a run."""

    model_config = ConfigDict(extra="forbid")
    month: str = ""
    after_months: int | None = Field(default=None, ge=0)
    source: str = Field(min_length=1)
    set: dict[str, Any]


class Regime(BaseModel):
    """A regime file: base instruments, their sources, and dated events."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field(min_length=1, max_length=60, pattern=NAME)
    title: str
    description: str
    home: str
    currency: str
    local_per_usd: float = Field(ge=1e-6, le=1e9)
    base: dict[str, Any]
    base_sources: dict[str, str] = {}
    event: list[Event] = []


def list_regimes() -> list[str]:
    """Names of the shipped regimes."""
    folder = resources.files("sim").joinpath("data", "regimes")
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def read_toml(text: str, where: str) -> dict[str, Any]:
    """Parse TOML; a syntax error becomes one line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{where}: not valid TOML: {error}") from None


def find_text(kind: str, folder: str, name: str, shipped: list[str]) -> tuple[str, str]:
    """Text and display name of a shipped file or of a path ending in .toml."""
    if name.endswith(".toml"):
        try:
            return Path(name).read_text(encoding="utf-8"), name
        except (OSError, ValueError) as error:  # A name with a NUL, or bytes that are not UTF-8
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise ScenarioError(f"{kind} file {name} cannot be read: {reason}") from None
    if name not in shipped:
        raise unknown(kind, name, shipped)
    return data_text(folder, f"{name}.toml"), f"{name}.toml"


def explain(error: ValidationError, where: str) -> ScenarioError:
    """First problem of a pydantic error as one line."""
    problem = error.errors()[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return ScenarioError(f"{where}: unknown field '{field}'")
    value = problem.get("input")
    shown = "" if problem["type"] == "missing" else f" = {value!r:.60}"
    told = problem["msg"][:1].lower() + problem["msg"][1:]
    if problem["type"] == "string_pattern_mismatch":
        is_name = problem["ctx"]["pattern"] == NAME
        told = "allowed: letters, digits, - and _" if is_name else "allowed: a month as YYYY-MM"
    return ScenarioError(f"{where}: {field}{shown}: {told}")


def load_regime(name: str) -> Regime:
    """Load and check a shipped regime or a file; ScenarioError for anything wrong."""
    text, where = find_text("regime", "regimes", name, list_regimes())
    return parse_regime(read_toml(text, where), where)


def parse_regime(content: dict[str, Any], where: str) -> Regime:
    """Check the content of a regime file; ScenarioError names ``where`` and what is wrong."""
    try:
        regime = Regime.model_validate(content)
    except ValidationError as error:
        raise explain(error, where) from None
    if regime.currency == "USD" and regime.local_per_usd != 1.0:
        raise ScenarioError(
            f"{where}: local_per_usd = {regime.local_per_usd:g} is not allowed with currency = 'USD'; "
            "allowed: 1, or the currency that prices are in"
        )
    known = instruments()
    for place, settings in [("base", regime.base)] + [
        (f"event {i + 1}", e.set) for i, e in enumerate(regime.event)
    ]:
        for key, value in settings.items():
            if key not in known:
                raise unknown("instrument", key, known, f"{where}, {place}")
            known[key].parse(value, f"{where}, {place}")
    for i, event in enumerate(regime.event):
        if (event.after_months is None) == (not event.month):
            raise ScenarioError(f"{where}, event {i + 1}: give either month or after_months")
        if event.month and not MONTH.fullmatch(event.month):
            raise ScenarioError(f"{where}, event {i + 1}: month = {event.month!r}; allowed: YYYY-MM")
    return regime


def set_instruments(regime: Regime, values: Mapping[str, Any], where: str = "instruments") -> Regime:
    """Hold instruments at the given values (in the form of a TOML file) during the whole timeline: the
    base is set and no event changes them. Raises ScenarioError for an unknown name or a value that is not
    allowed.
    """
    known = instruments()
    for key, value in values.items():
        if key not in known:
            raise unknown("instrument", key, known, where)
        known[key].parse(value, where)
    events = []
    for event in regime.event:
        left = {key: value for key, value in event.set.items() if key not in values}
        events += [event.model_copy(update={"set": left})] if left else []
    return regime.model_copy(update={"base": {**regime.base, **values}, "event": events})


def months_between(start: str, month: str) -> int:
    """Whole months from one YYYY-MM to another."""
    return (int(month[:4]) - int(start[:4])) * 12 + int(month[5:]) - int(start[5:])


def policy_timeline(
    regime: Regime,
    start: str,
    months: int,
    local_per_usd: float,
    ordinary: Mapping[str, float] | None = None,
) -> np.ndarray:
    """Compile a regime into one Policy record per month; local prices are converted to the host's currency
    at start, and a rate of -1 becomes the host's ordinary one (instrument -> rate).
    """
    known = instruments()
    scale = local_per_usd / regime.local_per_usd
    records = new_records(Policy, months)

    def write(first: int, settings: dict[str, Any], where: str) -> None:
        for key, value in settings.items():
            number = known[key].parse(value, where)
            records[key][max(0, first) :] = number * (scale if "_local_per_kwh" in key else 1.0)

    defaults = {name: default_value(item) for name, item in known.items()}
    write(0, {**defaults, **regime.base}, regime.name)
    dated = [
        (e.after_months if e.after_months is not None else months_between(start, e.month), e)
        for e in regime.event
    ]
    for first, event in sorted(dated, key=lambda pair: pair[0]):
        if first < months:
            write(first, event.set, regime.name)
    for name, rate in (ordinary or {}).items():
        records[name][records[name] < 0.0] = rate
    return records


def default_value(instrument: Instrument) -> Any:
    """The neutral value of an instrument in the form a TOML file would use."""
    if instrument.kind == "bool":
        return instrument.default in ("1", "true", "True")
    if instrument.kind == "choice":
        return instrument.default
    return float(instrument.default)
