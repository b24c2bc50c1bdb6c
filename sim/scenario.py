"""A scenario: country + regime timeline + drivers + overrides; canonical JSON and hash make it
reproducible.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.countries import Country, load_country
from sim.errors import ScenarioError
from sim.parameters import checked_value, parameters
from sim.regimes import MONTH, Regime, load_regime, set_instruments

DRIVERS = ("replay", "simulated")
LONGEST_RUN_MONTHS = 600
# First month in which there is a price and a machine to buy, and a century that the calendar can hold
EARLIEST, LATEST = "2016-07", "2100-01"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Scenario:
    """Everything that determines a run except its seed."""

    country_data: Country
    regime_data: Regime
    start: str
    months: int
    drivers: str
    overrides: dict[str, float]
    population: dict[str, int]

    @property
    def country(self) -> str:
        """Name of the host country."""
        return self.country_data.name

    @property
    def regime(self) -> str:
        """Name of the regime."""
        return self.regime_data.name

    def values(self) -> dict[str, float]:
        """Every parameter value of the scenario: registry default, then country, then override."""
        found = {name: item.value for name, item in parameters().items()}
        found |= {name: quantity.value for name, quantity in self.country_data.values.items()}
        return found | self.overrides

    def sizes(self) -> dict[str, int]:
        """Number of records by kind of agent.

        Firms at home are one to one, so their number is a parameter; firms abroad are a resolution.
        """
        values = self.values()
        home = {
            "miners": round(values["would_be_miners"]),
            "ai_firms": round(values["would_be_ai_firms"]),
        }
        consumers = len(self.country_data.consumer_class) * len(self.country_data.zones)
        others = {"consumers": consumers, "skills": len(self.country_data.skill)}
        return {**home, **self.population, **others, "operator": 1, "government": 1, "lender": 1}

    def canonical_json(self) -> str:
        """Complete, sorted JSON text of the scenario: equal scenarios give equal text."""
        content: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "country": self.country_data.model_dump(by_alias=True),
            "regime": self.regime_data.model_dump(),
            "start": self.start,
            "months": self.months,
            "drivers": self.drivers,
            "parameters": self.values(),
            "overrides": sorted(self.overrides),
            "population": self.population,
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    def varied(self, overrides: Mapping[str, Any], instruments: Mapping[str, Any]) -> Scenario:
        """Return this scenario with other parameter values and with instruments held at a value."""
        checked = {name: checked_value(name, value, "overrides") for name, value in overrides.items()}
        regime = set_instruments(self.regime_data, instruments) if instruments else self.regime_data
        return replace(self, regime_data=regime, overrides={**self.overrides, **checked})

    @property
    def hash(self) -> str:
        """Sixteen hex digits that identify the scenario."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()[:16]


POPULATION = ("miners", "world_miners", "ai_firms")
LARGEST_POPULATION = 100_000
# Among how many firms world hash is divided: a resolution (a test halves and doubles it)
WORLD_MINERS = 160


def load_scenario(
    country: str = "pakistan",
    regime: str = "pakistan-2025",
    *,
    start: str = "2025-06",
    months: int = 120,
    drivers: str = "replay",
    overrides: Mapping[str, Any] | None = None,
    population: Mapping[str, int] | None = None,
    instruments: Mapping[str, Any] | None = None,
) -> Scenario:
    """Build a checked scenario from shipped names or paths to TOML files.

    ``overrides`` sets parameters by registry name, ``population`` the number of firms by kind (default: the
    parameters ``would_be_miners`` and ``would_be_ai_firms``, and 160 abroad), ``instruments`` holds policy
    instruments at a value for the whole run. Raises ScenarioError with a one-line message for anything
    unknown or out of bounds.
    """
    if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= LONGEST_RUN_MONTHS:
        raise ScenarioError(f"months = {months!r} is not allowed; allowed: 1 to {LONGEST_RUN_MONTHS}")
    if drivers not in DRIVERS:
        raise ScenarioError(f"drivers = {drivers!r} is not allowed; allowed: {', '.join(DRIVERS)}")
    if not isinstance(start, str) or not MONTH.fullmatch(start) or not EARLIEST <= start <= LATEST:
        raise ScenarioError(f"start = {start!r} is not allowed; allowed: YYYY-MM, {EARLIEST} to {LATEST}")
    for kind, size in (population or {}).items():
        if kind not in POPULATION:
            raise ScenarioError(f"unknown population '{kind}'; allowed: {', '.join(POPULATION)}")
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_POPULATION:
            raise ScenarioError(
                f"population {kind} = {size!r} is not allowed; allowed: 1 to {LARGEST_POPULATION}"
            )
    sizes = {"world_miners": WORLD_MINERS, **(population or {})}
    plain = Scenario(load_country(country), load_regime(regime), start, months, drivers, {}, sizes)
    return plain.varied(overrides or {}, instruments or {})


def read_scenario(text: str) -> Scenario:
    """Rebuild a scenario from its canonical JSON, without reading a country or regime file."""
    content = json.loads(text)
    return Scenario(
        country_data=Country.model_validate(content["country"]),
        regime_data=Regime.model_validate(content["regime"]),
        start=content["start"],
        months=content["months"],
        drivers=content["drivers"],
        overrides={name: content["parameters"][name] for name in content["overrides"]},
        population=content["population"],
    )
