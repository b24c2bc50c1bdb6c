"""Every rule gives the same result compiled as in plain Python, and never raises."""

from __future__ import annotations

import importlib
import math
import pkgutil
from types import FunctionType
from typing import Any, get_type_hints

import numpy as np
import pytest
from numba import njit

import agents.rules

POINTS = 40
TOLERANCE = 1e-12
# Argument ranges where the default of (0.05, 3) would leave a rule's domain or one of its branches untouched.
RANGES: dict[str, tuple[float, float]] = {
    "growth_per_second": (-2e-7, 2e-6),
    "monthly_hash_growth": (-0.3, 0.5),
    "seconds_per_month": (2.4e6, 2.7e6),
    "epoch_length_seconds": (1e5, 8e6),
    "height": (0, 8_000_000),
    "x": (-0.36, 30.0),
    "z": (-800.0, 800.0),
    "u": (0.01, 0.99),
    "p": (0.02, 0.98),
    "t": (0.05, 0.9),
    "m": (-1.0, 1.0),
    "decline_per_month": (-0.05, 0.2),
    "discount_per_month": (-0.01, 0.05),
    "rate_per_month": (-0.05, 0.1),
    "months": (0.5, 120.0),
    "lag_months": (0.0, 24.0),
    "life_months": (1.0, 120.0),
    "mu": (-0.1, 0.04),
    "alpha": (0.0, 0.9),
    "eta": (0.0, 20.0),
    "k": (0, 3),
    "active": (0, 8),
    "price": (0.5, 2.0),
    "charge_share": (0.0, 1.0),
}


def all_rules() -> list[FunctionType]:
    """Public functions of every module of the rules package, each once, from the module that defines it."""
    rules = []
    for info in pkgutil.iter_modules(agents.rules.__path__):
        module = importlib.import_module(f"agents.rules.{info.name}")
        for name, member in sorted(vars(module).items()):
            if isinstance(member, FunctionType) and member.__module__ == module.__name__ and name[0] != "_":
                rules.append(member)
    return rules


def rule_name(rule: FunctionType) -> str:
    """Module and name of a rule, as the test id."""
    return f"{rule.__module__.split('.')[-1]}.{rule.__name__}"


def draw_arguments(rule: Any, generator: np.random.Generator) -> tuple[Any, ...]:
    """One random argument tuple with the types of the rule's signature, or of the fields of a record."""
    hints = get_type_hints(rule)
    hints.pop("return", None)
    arguments: list[Any] = []
    for name, kind in hints.items():
        low, high = RANGES.get(name, (0.05, 3.0))
        if issubclass(kind, tuple):
            arguments.append(kind(*draw_arguments(kind, generator)))
        elif kind is bool:
            arguments.append(bool(generator.integers(0, 2)))
        elif kind is int:
            arguments.append(int(generator.integers(int(low), int(high) + 1)))
        else:
            arguments.append(float(generator.uniform(low, high)))
    return tuple(arguments)


def assert_close(compiled: Any, plain: Any) -> None:
    """Equal to 1e-12, with infinity and nan equal to themselves."""
    if isinstance(plain, tuple):
        assert len(compiled) == len(plain)
        for one, other in zip(compiled, plain, strict=True):
            assert_close(one, other)
    elif math.isnan(plain):
        assert math.isnan(compiled)
    else:
        assert compiled == pytest.approx(plain, rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.compiled_only
@pytest.mark.parametrize("rule", all_rules(), ids=rule_name)
def test_compiled_equals_plain(rule: FunctionType) -> None:
    @njit
    def caller(*arguments: Any) -> Any:
        return rule(*arguments)

    generator = np.random.default_rng(20250525)
    results = []
    for _ in range(POINTS):
        arguments = draw_arguments(rule, generator)
        plain = rule(*arguments)
        assert_close(caller(*arguments), plain)
        results.append(plain)
    undefined = [value for value in results if isinstance(value, float) and math.isnan(value)]
    assert len(undefined) < POINTS, "every random point was outside the domain of the rule"


def test_every_rule_module_is_covered() -> None:
    modules = {rule.__module__.split(".")[-1] for rule in all_rules()}
    assert {
        "protocol", "finance", "expectations", "mining", "compliance",
        "tariff", "adoption", "queues", "labour", "choice",
    } <= modules  # fmt: skip


# Edges of the domain: plain Python would raise there unless the rule guards it.
EDGES = [0.0, 1e-12, 1.0, 800.0, 1e100, math.inf]
SIGNED_EDGES = [*EDGES, -1.0, -800.0]
NOT_NEGATIVE = {"home_hash", "beta", "sigma", "weight_sum"}


def pick_edges(rule: Any, generator: np.random.Generator) -> tuple[Any, ...]:
    """Arguments at edges of the domain, for a rule's signature or the fields of a record."""
    hints = get_type_hints(rule)
    hints.pop("return", None)
    arguments: list[Any] = []
    for name, kind in hints.items():
        if issubclass(kind, tuple):
            arguments.append(kind(*pick_edges(kind, generator)))
            continue
        value = float(generator.choice(EDGES if name in NOT_NEGATIVE else SIGNED_EDGES))
        if kind is bool:
            arguments.append(value > 0.0)
        elif kind is int:
            arguments.append(int(min(abs(value), 1e6)))
        else:
            arguments.append(value)
    return tuple(arguments)


@pytest.mark.parametrize("rule", all_rules(), ids=rule_name)
def test_rules_never_raise(rule: FunctionType) -> None:
    generator = np.random.default_rng(7)
    for _ in range(400):
        result = rule(*pick_edges(rule, generator))
        assert isinstance(result, (float, int, bool, tuple))
