"""Whatever is wrong with a scenario, the user reads one line: what, where, and what is allowed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sim import ScenarioError, instruments, list_countries, list_regimes, load_scenario, parameters, simulate
from sim.countries import load_country
from sim.errors import shorten, unknown
from sim.parameters import Parameter, check, data_text
from sim.regimes import Regime, load_regime
from tests.sim.lively import lively_scenario

HEAD = """
name = "mine"
title = "Mine"
description = "a regime of a test"
home = "pakistan"
currency = "PKR"
local_per_usd = 281.0
"""
BASE = "[base]\nmining_legal = true\n"


def message_of(action, *arguments, **options) -> str:
    """The text of the ScenarioError that an action raises: it must be one line."""
    with pytest.raises(ScenarioError) as caught:
        action(*arguments, **options)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"country": "atlantis"}, ["unknown country 'atlantis'", "allowed", "pakistan", "bhutan"]),
        ({"country": "pakistn"}, ["unknown country 'pakistn'", "did you mean pakistan?"]),
        ({"regime": "kasakhstan"}, ["unknown regime 'kasakhstan'", "did you mean kazakhstan?"]),
        ({"months": 0}, ["months = 0", "allowed: 1 to 600"]),
        ({"months": 601}, ["months = 601", "allowed: 1 to 600"]),
        ({"months": 12.0}, ["months = 12.0", "allowed: 1 to 600"]),
        ({"months": True}, ["months = True", "allowed: 1 to 600"]),
        ({"months": "12"}, ["months = '12'", "allowed: 1 to 600"]),
        ({"drivers": "random"}, ["drivers = 'random'", "allowed: replay, simulated"]),
        ({"start": "2025-13"}, ["start = '2025-13'", "allowed: YYYY-MM"]),
        ({"start": "June 2025"}, ["start = 'June 2025'", "allowed: YYYY-MM"]),
        ({"start": 2025}, ["start = 2025", "allowed: YYYY-MM"]),
        ({"overrides": {"warp_speed": 9}}, ["unknown parameter 'warp_speed'", "overrides"]),
        ({"overrides": {"mining_pui": 1.1}}, ["'mining_pui'", "did you mean", "mining_pue"]),
        ({"overrides": {"mining_pue": 1.31}}, ["overrides: mining_pue = 1.31", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"mining_pue": 0.99}}, ["overrides: mining_pue = 0.99", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"mining_pue": "high"}}, ["mining_pue = 'high'", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"mining_pue": True}}, ["mining_pue = True", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"mining_pue": None}}, ["mining_pue = None", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"mining_pue": math.nan}}, ["mining_pue = nan", "allowed: 1 to 1.3 ratio"]),
        ({"overrides": {"link_mw": math.inf}}, ["link_mw = inf", "allowed: 0 to 100000 MW"]),
        ({"population": {"miner": 9}}, ["unknown population 'miner'", "miners, world_miners, ai_firms"]),
        ({"population": {"miners": 0}}, ["population miners = 0", "allowed: 1 to 100000"]),
        ({"population": {"ai_firms": 100_001}}, ["population ai_firms = 100001", "allowed: 1 to 100000"]),
        ({"population": {"miners": 2.5}}, ["population miners = 2.5", "allowed: 1 to 100000"]),
    ],
)
def test_a_bad_scenario_is_explained(options, fragments):
    message = message_of(load_scenario, **options)
    assert [fragment for fragment in fragments if fragment not in message] == []


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("name = = 3", ["not valid TOML", "line 1"]),
        (HEAD + BASE + "mining_legal = false\n", ["not valid TOML"]),
        (HEAD, ["base", "field required"]),
        (BASE, ["name", "field required"]),
        (HEAD + "colour = 'red'\n" + BASE, ["unknown field 'colour'"]),
        (HEAD.replace("281.0", "0") + BASE, ["local_per_usd = 0", "greater than"]),
        (HEAD.replace("281.0", '"much"') + BASE, ["local_per_usd = 'much'", "number"]),
        (HEAD.replace('"mine"', '""') + BASE, ["name = ''", "at least 1"]),
        (HEAD + "base = 3\n", ["base = 3", "dictionary"]),
        (HEAD + "[base]\nquota = 1\n", ["unknown instrument 'quota'", "base", "did you mean quota_mw"]),
        (HEAD + "[base]\nquota_mw = -1\n", ["base: quota_mw = -1", "allowed: 0 to 20000 MW"]),
        (HEAD + "[base]\nquota_mw = 20001\n", ["quota_mw = 20001", "allowed: 0 to 20000 MW"]),
        (HEAD + "[base]\nquota_mw = nan\n", ["quota_mw = nan", "allowed: 0 to 20000 MW"]),
        (HEAD + "[base]\nquota_mw = '9'\n", ["quota_mw = '9'", "allowed: 0 to 20000 MW"]),
        (HEAD + "[base]\nquota_mw = true\n", ["quota_mw = True", "allowed: 0 to 20000 MW"]),
        (HEAD + "[base]\nmining_legal = 1\n", ["mining_legal = 1", "allowed: true or false"]),
        (HEAD + "[base]\ntariff_rule = 'gift'\n", ["tariff_rule = 'gift'", "fixed, marginal_cost_plus"]),
        (HEAD + "[base]\ntariff_rule = 0\n", ["tariff_rule = 0", "fixed, marginal_cost_plus"]),
    ],
)
def test_a_bad_regime_file_is_explained(tmp_path, text, fragments):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    message = message_of(load_scenario, regime=str(path))
    assert [fragment for fragment in (str(path), *fragments) if fragment not in message] == []


EVENT = '[[event]]\nsource = "a decree"\n{when}\n[event.set]\n{set}\n'


@pytest.mark.parametrize(
    ("when", "settings", "fragments"),
    [
        ('month = "2026-03"\nafter_months = 4', "", ["event 1", "either month or after_months"]),
        ("", "", ["event 1", "either month or after_months"]),
        ('month = "2026-00"', "", ["event 1: month = '2026-00'", "allowed: YYYY-MM"]),
        ("month = 2026", "", ["event.0.month = 2026", "string"]),
        ("after_months = -1", "", ["event.0.after_months = -1", "greater than or equal to 0"]),
        ("after_months = 1.5", "", ["event.0.after_months = 1.5", "integer"]),
        ("after_months = 1", "levy = 1", ["unknown instrument 'levy'", "event 1"]),
        ("after_months = 1", "seizure_share = 2", ["event 1: seizure_share = 2", "0 to 1 share"]),
        ("after_months = 1\ncolour = 3", "", ["unknown field 'event.0.colour'"]),
    ],
)
def test_a_bad_event_is_explained(tmp_path, when, settings, fragments):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + BASE + EVENT.format(when=when, set=settings), encoding="utf-8")
    message = message_of(load_regime, str(path))
    assert [fragment for fragment in (str(path), *fragments) if fragment not in message] == []


def test_an_event_needs_a_source(tmp_path):
    path = tmp_path / "mine.toml"
    event = EVENT.format(when="after_months = 1", set="").replace("a decree", "")
    path.write_text(HEAD + BASE + event, encoding="utf-8")
    message = message_of(load_regime, str(path))
    assert "event.0.source = ''" in message
    assert "at least 1" in message


def test_a_good_regime_file_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + BASE + EVENT.format(when="after_months = 3", set="quota_mw = 5"), encoding="utf-8")
    regime = load_scenario(regime=str(path)).regime_data
    assert (regime.name, regime.base, regime.event[0].set) == (
        "mine",
        {"mining_legal": True},
        {"quota_mw": 5},
    )


@pytest.mark.parametrize("kind", ["country", "regime"])
def test_an_unreadable_file_is_explained(tmp_path, kind):
    missing, folder, binary = tmp_path / "missing.toml", tmp_path / "folder.toml", tmp_path / "binary.toml"
    folder.mkdir()
    binary.write_bytes(b"\xff\xfe\x00name")
    for path, reason in ((missing, "No such file"), (folder, "directory"), (binary, "not a text file")):
        message = message_of(load_scenario, **{kind: str(path)})
        assert message.startswith(f"{kind} file {path} cannot be read: ")
        assert reason in message


def country_value(name: str, content: str) -> tuple[str, str]:
    """An edit that adds a value to a country file."""
    return "[values]\n", f"[values]\n{name} = {{ {content} }}\n"


SOURCED = "unit = 'months', status = 'measured', source = 's'"
COUNTRY_FAULTS = [
    ('title = "Bhutan"', 'title = "Bhutan"\nanthem = "x"', ["unknown field 'anthem'"]),
    ('currency = "BTN"', "", ["currency", "field required"]),
    (*country_value("snow_m", f"value = 1.0, {SOURCED}"), ["unknown parameter 'snow_m'", "values"]),
    (
        *country_value("rig_life_months", f"value = 99, {SOURCED}"),
        ["values: rig_life_months = 99", "allowed: 24 to 72 months"],
    ),
    (
        *country_value("rig_life_months", "value = 48, unit = 'months', status = 'measured'"),
        ["values.rig_life_months", "measured needs a source"],
    ),
    (
        *country_value("rig_life_months", f"value = 48, {SOURCED.replace('measured', 'assumed')}"),
        ["values.rig_life_months", "assumed needs a note"],
    ),
    (
        *country_value("rig_life_months", f"value = 48, {SOURCED.replace('measured', 'guessed')}"),
        ["values.rig_life_months", "status 'guessed'", "measured, estimated, calibrated, assumed"],
    ),
    (
        *country_value("rig_life_months", f"value = 48, low = 50, high = 60, {SOURCED}"),
        ["values.rig_life_months", "value 48 outside its own bounds 50 to 60"],
    ),
    ('zone = "', 'zone = "moon-', ["zone 'moon-", "is not one of"]),
    ("sales_share = 0.", "sales_share = 0.0", ["sales_share of the classes must add to 1"]),
]


@pytest.mark.parametrize(("old", "new", "fragments"), COUNTRY_FAULTS)
def test_a_bad_country_file_is_explained(tmp_path, old, new, fragments):
    text = data_text("countries", "bhutan.toml")
    assert old in text
    path = tmp_path / "bhutan.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = message_of(load_country, str(path))
    assert [fragment for fragment in (str(path), *fragments) if fragment not in message] == []


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"engine": "steam"}, ["engine = 'steam'", "allowed: columns, objects"]),
        ({"seed": -1}, ["seed = -1", "allowed: 0 to 2^63 - 1"]),
        ({"seed": 2**63}, ["seed = 9223372036854775808", "allowed: 0 to 2^63 - 1"]),
        ({"seed": 1.0}, ["seed = 1.0", "allowed: 0 to 2^63 - 1"]),
        ({"seed": True}, ["seed = True", "allowed: 0 to 2^63 - 1"]),
    ],
)
def test_a_bad_run_is_explained(options, fragments):
    message = message_of(simulate, lively_scenario(), **options)
    assert [fragment for fragment in fragments if fragment not in message] == []


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"value": 3.0}, ["p = 3.0", "outside its bounds [0.0, 2.0]"]),
        ({"status": "guessed"}, ["p has status 'guessed'", "measured"]),
        ({"distribution": "zipf"}, ["p has distribution 'zipf'", "uniform"]),
        ({"source": ""}, ["p is measured but gives no source"]),
        ({"status": "assumed"}, ["p is assumed but gives no rationale"]),
        ({"unit": ""}, ["p has no unit"]),
    ],
)
def test_a_bad_registry_row_is_explained(changes, fragments):
    row = dict(
        name="p", block="b", symbol="p", unit="MW", value=1.0, low=0.0, high=2.0, distribution="uniform",
        status="measured", source="a book", locator="", price_year="", note="",
    )  # fmt: skip
    check(Parameter(**row))
    message = message_of(check, Parameter(**{**row, **changes}))
    assert [fragment for fragment in fragments if fragment not in message] == []


def test_long_lists_are_cut_and_close_names_suggested():
    assert shorten([f"n{i}" for i in range(30)], most=2) == "n0, n1, ... (30 in all)"
    assert (
        str(unknown("tree", "oka", ["oak", "elm"], "the wood"))
        == "unknown tree 'oka' in the wood; did you mean oak?"
    )
    assert str(unknown("tree", "xyz", ["oak", "elm"])) == "unknown tree 'xyz'; allowed: elm, oak"


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.lists(st.integers(0, 3), max_size=2),
    st.sampled_from(["fixed", "auction", "2026-03", "2026-13"]),
)
PRINTABLE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
INSTRUMENT_KEYS = st.one_of(
    st.sampled_from(sorted(instruments())), st.text(PRINTABLE, min_size=1, max_size=8)
)
SETTINGS = st.dictionaries(INSTRUMENT_KEYS, VALUES, max_size=3)
HEAD_KEYS = st.sampled_from(["name", "title", "description", "home", "currency", "local_per_usd", "colour"])
EVENT_KEYS = st.sampled_from(["month", "after_months", "source", "place"])


def toml(value: object) -> str:
    """A value of the strategies as TOML text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    return json.dumps(value).replace("\x7f", "\\u007f")


def table(name: str, settings: dict) -> str:
    return f"{name}\n" + "".join(f"{toml(str(key))} = {toml(value)}\n" for key, value in settings.items())


@st.composite
def regime_texts(draw) -> str:
    """Regime files that are nearly right: a good head with some fields replaced, any instruments, any
    events.
    """
    head = {
        "name": "n",
        "title": "t",
        "description": "d",
        "home": "h",
        "currency": "c",
        "local_per_usd": 281.0,
    }
    head |= draw(st.dictionaries(HEAD_KEYS, VALUES, max_size=2))
    for key in draw(st.lists(st.sampled_from(sorted(head)), max_size=1)):
        head.pop(key)
    text = "".join(f"{key} = {toml(value)}\n" for key, value in head.items())
    text += table("[base]", draw(SETTINGS))
    for when in draw(st.lists(st.dictionaries(EVENT_KEYS, VALUES, max_size=3), max_size=2)):
        text += table("[[event]]", {"source": "s", **when}) + table("[event.set]", draw(SETTINGS))
    return text


@pytest.fixture(scope="module")
def fuzz_file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "fuzz.toml"


def read_or_explain(path: Path, text: str) -> Regime | None:
    """The regime in a text, or None if it was refused with one line."""
    path.write_text(text, encoding="utf-8", newline="")
    message = ""
    try:
        return load_regime(str(path))
    except ScenarioError as error:
        message = str(error)
    assert len(message.splitlines()) == 1, message
    return None


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(text=regime_texts())
@example(text=HEAD + BASE)
def test_nearly_right_regimes_are_read_or_refused_with_one_line(fuzz_file, text):
    regime = read_or_explain(fuzz_file, text)
    if regime is not None:
        for key, value in regime.base.items():
            number = instruments()[key].parse(value, "again")
            assert instruments()[key].low <= number <= instruments()[key].high


@settings(deadline=None, max_examples=150)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_refused_with_one_line(fuzz_file, text):
    assert read_or_explain(fuzz_file, text) is None


@settings(deadline=None, max_examples=100)
@given(name=st.text(PRINTABLE, max_size=12), value=VALUES)
def test_any_override_is_taken_or_refused_with_one_line(name, value):
    assume(name not in parameters())
    message_of(load_scenario, overrides={name: value})
    parameter = parameters()["mining_pue"]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and parameter.low <= value <= parameter.high:
        assert load_scenario(overrides={"mining_pue": value}).values()["mining_pue"] == value
    else:
        assert "allowed: 1 to 1.3 ratio" in message_of(load_scenario, overrides={"mining_pue": value})


@settings(deadline=None, max_examples=60)
@given(name=st.text(PRINTABLE, max_size=12))
def test_any_name_is_known_or_refused_with_one_line(name):
    assume(name not in list_countries() + list_regimes() and not name.endswith(".toml"))
    message_of(load_scenario, country=name)
    message_of(load_scenario, regime=name)
