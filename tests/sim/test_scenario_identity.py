"""A scenario's text and hash: equal for equal scenarios, different for every difference, whatever the
order of keys.
"""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import Scenario, load_scenario, parameters
from tests.sim.lively import regime_file

DEFAULT = load_scenario()
FREE = sorted(name for name, item in parameters().items() if item.low < item.high)


def with_overrides(**overrides: float) -> Scenario:
    return dataclasses.replace(DEFAULT, overrides=overrides)


def test_equal_scenarios_have_equal_text_and_hash():
    again = load_scenario("pakistan", "pakistan-2025", start="2025-06", months=120, drivers="replay")
    assert again.canonical_json() == DEFAULT.canonical_json()
    assert again.hash == DEFAULT.hash


def test_the_hash_is_sixteen_hexadecimal_digits():
    assert len(DEFAULT.hash) == 16
    assert int(DEFAULT.hash, 16) >= 0


def test_the_text_is_complete_and_sorted_json():
    text = DEFAULT.canonical_json()
    content = json.loads(text)
    assert text == json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert content["parameters"] == DEFAULT.values()
    assert content["parameters"].keys() == parameters().keys()
    assert content["population"] == {"world_miners": 160}
    assert content["country"]["name"] == "pakistan"
    assert content["regime"]["base"]["tariff_local_per_kwh"] == 23.0
    assert (content["start"], content["months"], content["drivers"]) == ("2025-06", 120, "replay")


@pytest.mark.parametrize(
    "difference",
    [
        {"country": "bhutan"},
        {"regime": "ban"},
        {"start": "2025-07"},
        {"months": 119},
        {"drivers": "simulated"},
        {"population": {"miners": 421}},
        {"population": {"world_miners": 161}},
        {"population": {"ai_firms": 49}},
    ],
)
def test_every_difference_changes_the_hash(difference):
    assert load_scenario(**difference).hash != DEFAULT.hash


def test_a_changed_instrument_or_event_changes_the_hash(tmp_path):
    plain = load_scenario(regime=regime_file(tmp_path, "pakistan-2025"))
    cheaper = load_scenario(regime=regime_file(tmp_path, "pakistan-2025", tariff_local_per_kwh=22.999))
    assert len({DEFAULT.hash, plain.hash, cheaper.hash}) == 3


def test_every_parameter_is_part_of_the_hash():
    seen = {DEFAULT.hash}
    for name in FREE:
        item, value = parameters()[name], DEFAULT.values()[name]
        scenario = with_overrides(**{name: item.low if value > item.low else item.high})
        assert scenario.values()[name] != value
        seen.add(scenario.hash)
    assert len(seen) == len(FREE) + 1


@settings(deadline=None, max_examples=50)
@given(names=st.lists(st.sampled_from(FREE), min_size=2, max_size=6, unique=True), data=st.data())
def test_the_order_of_overrides_does_not_matter(names, data):
    chosen = {name: data.draw(st.floats(parameters()[name].low, parameters()[name].high)) for name in names}
    shuffled = {name: chosen[name] for name in data.draw(st.permutations(names))}
    assert with_overrides(**chosen).hash == with_overrides(**shuffled).hash


def test_the_order_of_population_and_of_loading_does_not_matter():
    one = load_scenario(
        population={"miners": 5, "ai_firms": 6}, overrides={"mining_pue": 1.2, "world_pue": 1.15}
    )
    other = load_scenario(
        population={"ai_firms": 6, "miners": 5}, overrides={"world_pue": 1.15, "mining_pue": 1.2}
    )
    assert one.hash == other.hash


def test_whole_numbers_and_decimals_are_the_same_value():
    assert (
        load_scenario(overrides={"exit_months": 3}).hash == load_scenario(overrides={"exit_months": 3.0}).hash
    )


def test_values_come_from_registry_then_country_then_override():
    scenario = load_scenario(country="bhutan", overrides={"local_per_usd": 90.0})
    values, country = scenario.values(), scenario.country_data.values
    assert values["local_per_usd"] == 90.0 != country["local_per_usd"].value
    from_country = [name for name in country if name != "local_per_usd"]
    assert [name for name in from_country if values[name] != country[name].value] == []
    default = [name for name in parameters() if name not in country]
    assert [name for name in default if values[name] != parameters()[name].value] == []


def test_the_number_of_firms_at_home_is_a_parameter():
    assert load_scenario(overrides={"would_be_miners": 99.6}).sizes()["miners"] == 100
    assert load_scenario(overrides={"would_be_ai_firms": 30}).sizes()["ai_firms"] == 30
    assert load_scenario(overrides={"would_be_miners": 100}, population={"miners": 7}).sizes()["miners"] == 7


def test_sizes_count_every_kind_of_agent():
    sizes = load_scenario(population={"miners": 7}).sizes()
    classes = len(DEFAULT.country_data.consumer_class) * len(DEFAULT.country_data.zones)
    assert sizes == {
        "miners": 7, "world_miners": 160, "ai_firms": 48, "consumers": classes, "skills": 6,
        "operator": 1, "government": 1, "lender": 1,
    }  # fmt: skip
