"""The controls of the dashboard: instruments with a range worth trying, and what the regime sets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from experiments.errors import StudyError
from experiments.factors import Value
from experiments.notes import READ_BY, counted, ignored, is_ignored, tariff_rules
from experiments.scenario_file import Settings
from experiments.units import number


@dataclass(frozen=True)
class Control:
    """One slider ("number"), switch ("bool") or list ("choice"): what it is called and what it may be."""

    name: str
    kind: str
    label: str
    unit: str
    help: str
    value: Value
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    is_parameter: bool = False

    def setting(self, value: Value) -> Value:
        """Return a value in the form that a scenario takes: parameters are numbers, also switches."""
        return float(value) if self.is_parameter else value


def controls_for(regime_name: str) -> list[Control]:
    """List the controls with the values that a regime gives them at its start."""
    from sim.regimes import load_regime

    regime = load_regime(regime_name)
    text = (resources.files("experiments.dashboard") / "controls.toml").read_text(encoding="utf-8")
    return [_control(entry, regime) for entry in tomllib.loads(text)["control"]]


def ignored_controls(regime_name: str, values: Mapping[str, Value]) -> dict[str, str]:
    """Map the controls that no tariff rule in force reads, under the values held, to the reason."""
    from sim.regimes import load_regime

    rules = tariff_rules(load_regime(regime_name), values)
    return {name: ignored(name, rules) for name in READ_BY if is_ignored(name, rules)}


def heading(settings: Settings, title: str) -> str:
    """Say what a view shows: regime, country, length, seeds, and every control that was moved."""
    seeds = settings.all_seeds()
    span = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}–{seeds[-1]}"
    text = f"{title} in {settings.country.capitalize()}, {counted(settings.months)}, {span}"
    known = {control.name: control for control in controls_for(settings.regime)}
    without_effect = ignored_controls(settings.regime, settings.values)
    moved = [
        f"{known[name].label} {amount(value, known[name])}{' (no effect)' if name in without_effect else ''}"
        for name, value in settings.values.items()
    ]
    return f"{text}; moved: {', '.join(moved)}" if moved else text


def amount(value: Value, control: Control) -> str:
    """Write the value of a control with its unit."""
    if control.kind == "bool":
        return "yes" if value else "no"
    if control.kind == "choice":
        return str(value).replace("_", " ")
    unit = "" if control.unit == "share" else control.unit.removeprefix("1")
    return f"{number(float(value), 3)} {unit}".strip()


def whole_number(value: object, label: str, low: int, high: int) -> int:
    """Read a field of the page; raises StudyError for anything that is not a whole number in the range."""
    if isinstance(value, int | float) and float(value).is_integer() and low <= value <= high:
        return int(value)
    shown = "empty" if value in (None, "") else f"{value}"
    raise StudyError(f"{label} is {shown}; allowed: a whole number from {low:,} to {high:,}")


def _control(entry: dict[str, Any], regime: Any) -> Control:
    from sim import instruments, parameters

    name = entry["name"]
    if entry.get("parameter"):
        row = parameters()[name]
        return Control(name, "bool", entry["label"], row.unit, row.note, bool(row.value), is_parameter=True)
    found = instruments()[name]
    value = regime.base.get(name, _default(found))
    common = (name, found.kind, found.label, found.unit.replace("local", regime.currency), found.definition)
    if found.kind == "bool":
        return Control(*common, bool(value))
    if found.kind == "choice":
        return Control(*common, value, choices=tuple(found.choices))
    local = regime.local_per_usd if "high_usd" in entry else 1.0
    low = local * entry.get("low_usd", entry.get("low", 0.0))
    high = max(local * entry.get("high_usd", entry.get("high", 0.0)), float(value))
    return Control(*common, float(value), low, min(high, float(found.high)), (high - low) / entry["steps"])


def _default(instrument: Any) -> Value:
    """Read the default of the registry, which is a text."""
    if instrument.kind == "bool":
        return bool(int(instrument.default))
    return float(instrument.default) if instrument.kind == "number" else str(instrument.default)
