"""A scenario file: the settings of one run, or of a few with seeds in a row, as TOML.

``wattlab run --scenario FILE`` runs it; the dashboard writes it, so that a view can be reproduced without it.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.design import INSTRUMENT, PARAMETER, varied
from experiments.errors import StudyError, unknown_name
from experiments.factors import Value

if TYPE_CHECKING:
    from sim import Scenario

FIELDS = {
    "country": str,
    "regime": str,
    "months": int,
    "drivers": str,
    "seed": int,
    "seeds": int,
    "set": dict,
}


@dataclass(frozen=True)
class Settings:
    """What identifies a run: names or paths of country and regime, length, seeds, what is held at a value.

    ``seeds`` runs use ``seed``, ``seed`` + 1, and so on. ``values`` names parameters or instruments.
    """

    country: str = "pakistan"
    regime: str = "pakistan-2025"
    months: int = 120
    drivers: str = "replay"
    seed: int = 1
    seeds: int = 1
    values: dict[str, Value] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """Load the scenario; ScenarioError for anything that the model does not accept.

        A name that is a parameter and an instrument is refused, because one run can mean either.
        """
        from sim import ScenarioError, instruments, load_scenario, parameters

        for name in self.values:
            if name in parameters() and name in instruments():
                raise ScenarioError(
                    f"{name} is a parameter of the country and an instrument of the regime; "
                    f"write {PARAMETER}{name} or {INSTRUMENT}{name}"
                )
        plain = load_scenario(self.country, regime=self.regime, months=self.months, drivers=self.drivers)
        return varied(plain, self.values)

    def all_seeds(self) -> range:
        """The seeds of the runs."""
        return range(self.seed, self.seed + self.seeds)


def settings_toml(settings: Settings) -> str:
    """Write settings as a scenario file."""
    lines = [
        "# Run it with: wattlab run --scenario FILE",
        *(f"{name} = {json.dumps(getattr(settings, name))}" for name in FIELDS if name != "set"),
    ]
    if settings.values:
        lines += ["", "# Parameters and instruments held at a value for the whole run.", "[set]"]
        lines += [f"{_key(name)} = {json.dumps(value)}" for name, value in settings.values.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    """Quote a name with a prefix, which would be a table in TOML."""
    return json.dumps(name) if "." in name else name


def read_settings(path: Path) -> Settings:
    """Read a scenario file; every problem is one line that names the field and what is allowed."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not a text file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: not valid TOML: {error}") from error
    for name, value in content.items():
        if name not in FIELDS:
            raise StudyError(f"{path}: {unknown_name('field', name, FIELDS)}")
        if type(value) is not FIELDS[name]:
            kind = {"int": "a whole number", "str": "a text", "dict": "a table"}[FIELDS[name].__name__]
            raise StudyError(f"{path}: {name} = {value!r} is not allowed; it has to be {kind}")
    for name, least in (("seed", 0), ("seeds", 1)):
        if content.get(name, least) < least:
            raise StudyError(f"{path}: {name} = {content[name]} is not allowed; at least {least}")
    values = content.pop("set", {})
    bad = [name for name, value in values.items() if not isinstance(value, bool | int | float | str)]
    if bad:
        raise StudyError(f"{path}: set.{bad[0]} has to be a number, a text, true or false")
    return Settings(**content, values=values)
