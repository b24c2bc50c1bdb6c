"""Write a regime as the TOML file that ``sim`` reads, with a source for what was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.factors import Value
from experiments.store import atomic_write


def regime_toml(regime: Any) -> str:
    """Compose the TOML text of a regime (``sim.regimes.Regime``)."""
    lines = [f"{name} = {_value(getattr(regime, name))}" for name in ("name", "title", "description", "home")]
    lines += [f"{name} = {_value(getattr(regime, name))}" for name in ("currency", "local_per_usd")]
    lines += ["", "[base]", *_table(regime.base), "", "[base_sources]", *_table(regime.base_sources)]
    for event in regime.event:
        when = ("month", event.month) if event.month else ("after_months", event.after_months)
        lines += ["", "[[event]]", *_table(dict([when, ("source", event.source)]))]
        lines += ["[event.set]", *_table(event.set)]
    return "\n".join(lines) + "\n"


def _table(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in values.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # A JSON string is a TOML string.
    return repr(value)


def write_regime(base: str, settings: Mapping[str, Value], path: Path, *, title: str, source: str) -> Path:
    """Write a regime that is ``base`` with some instruments held at a value; named by the file."""
    from sim.regimes import load_regime, set_instruments

    regime = set_instruments(load_regime(base), settings)
    sources = {**regime.base_sources, **dict.fromkeys(settings, source)}
    named = regime.model_copy(update={"name": path.stem, "title": title, "base_sources": sources})
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, regime_toml(named).encode())
    return path
