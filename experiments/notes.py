"""What to know of a scenario before its numbers are believed: its prices in USD, settings without effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from experiments.design import setting_kind
from experiments.factors import Value
from experiments.units import number

if TYPE_CHECKING:
    from sim import Scenario

# Instruments that only some tariff rules read (see ``sim.tariffs.publish_tariffs``).
READ_BY = {
    "tariff_local_per_kwh": ("fixed", "incremental_package"),
    "tariff_markup": ("marginal_cost_plus",),
}


def tariff_rules(regime: Any, held: Mapping[str, Value] | None = None) -> list[str]:
    """List the tariff rules that a regime (``sim.regimes.Regime``) has at any time; ``held`` is set in it."""
    from sim import instruments

    if held and "tariff_rule" in held:
        return [str(held["tariff_rule"])]
    first = regime.base.get("tariff_rule", instruments()["tariff_rule"].default)
    later = [event.set["tariff_rule"] for event in regime.event if "tariff_rule" in event.set]
    return list(dict.fromkeys([str(first), *map(str, later)]))


def is_ignored(instrument: str, rules: Iterable[str]) -> bool:
    """Tell whether none of the tariff rules reads the instrument."""
    return instrument in READ_BY and not set(READ_BY[instrument]) & set(rules)


def ignored(instrument: str, rules: Iterable[str]) -> str:
    """Say under which rules an instrument has no effect, and which read it."""
    return (
        f"{instrument} has no effect under tariff_rule = {', '.join(rules)}; "
        f"it is read by {' and '.join(READ_BY[instrument])}"
    )


def notes(scenario: Scenario, given: Iterable[str]) -> list[str]:
    """List what is odd about a scenario and the names that were given a value: one line each."""
    from sim import list_countries, list_regimes
    from sim.regimes import load_regime

    regime = scenario.regime_data
    rules = tariff_rules(regime)
    held = [name for kind, name in map(setting_kind, given) if kind == "instrument"]
    found = [ignored(name, rules) for name in held if is_ignored(name, rules)]
    offered = [regime.base, *(event.set for event in regime.event)]
    if "tariff_local_per_kwh" in held and not any(settings.get("offer_open") for settings in offered):
        found.append(f"regime {regime.name} never opens the offer (offer_open), so nobody gets its price")
    if regime.home != scenario.country and regime.home not in list_countries():
        homes = {load_regime(name).home for name in list_regimes()}
        near = get_close_matches(regime.home, list_countries(), n=1, cutoff=0.8)
        if near and regime.home not in homes:
            found.append(f"home = '{regime.home}' of regime {regime.name}: did you mean '{near[0]}'?")
    return found


def local_price(scenario: Scenario, name: str) -> str:
    """Write a price of the regime in its currency and in USD."""
    regime = scenario.regime_data
    value = float(regime.base[name])
    local, usd = number(value), number(value / regime.local_per_usd)
    return f"{name} = {local} {regime.currency}/kWh" + ("" if local == usd else f" = {usd} USD/kWh")


def price_line(scenario: Scenario) -> str:
    """Say in which currency the prices of the regime are, and what they are at its start."""
    from sim import instruments

    regime = scenario.regime_data
    rules = tariff_rules(regime)
    names = [
        name
        for name, value in regime.base.items()
        if instruments()[name].unit == "local/kWh" and value and not is_ignored(name, rules)
    ]
    head = f"prices of the regime in {regime.currency}"
    if regime.currency != "USD":
        head += f", {number(regime.local_per_usd)} per USD"
    return ": ".join([head, *filter(None, [", ".join(local_price(scenario, name) for name in names)])])


def offer_line(months: Any) -> str:
    """Say in how many months (a run's monthly outputs) newcomers could take the offer up, and how often the
    lender refused it.
    """
    whole = len(months)
    offered = int((months["quota_mw"] > 0.0).sum())
    is_open = int((months["offer_in_force"] > 0.5).sum())
    refused = int((months["offer_refused"] > 0.5).sum())
    if not offered:
        return f"no offer: the special allocation is closed or empty in all of {counted(whole)}"
    text = f"offer open to newcomers in {is_open} of {counted(whole)}"
    if not refused:
        return f"{text}, never refused by the lender"
    return f"{text}, refused by the lender in {refused} (--set lender_active=0: without lender)"


def counted(months: int) -> str:
    """Write a number of months: "1 month", "24 months"."""
    return f"{months} month{'s' if months != 1 else ''}"
