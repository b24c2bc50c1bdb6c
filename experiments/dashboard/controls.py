"""The controls of the dashboard: instruments with a range worth trying, and what the regime sets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from experiments.factors import Value


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
