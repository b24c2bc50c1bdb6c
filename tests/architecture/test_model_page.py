"""MODEL.md and the code say the same: equations, functions, phases, columns, names and symbols, both ways."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from agents.base import column_types
from agents.policy import Policy
from agents.world import World
from sim.parameters import parameters
from sim.regimes import instruments
from sim.state import KINDS
from sim.variables import outputs
from tests.architecture.tree import ROOT, python_files

PAGE = (ROOT / "MODEL.md").read_text(encoding="utf-8")
SOURCES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in python_files("agents", "sim")}
FUNCTIONS = sorted(set(re.findall(r"`((?:agents|sim)(?:\.\w+)+)`", PAGE)))
SECTIONS = dict(re.findall(r"^#+ ([^\n]+)\n(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL))
TABLES = {title.split("`")[1]: text for title, text in SECTIONS.items() if title.startswith("Columns of")}
NOT_FILLED = "not filled in this version"
UNITS = {  # longest suffix first
    "_usd_per_ph_day": "USD/PH/day",
    "_usd_per_kwh": "USD/kWh",
    "_usd_per_mw": "USD/MW",
    "_usd_per_ths": "USD/TH",
    "_usd_per_hour": "USD/GPU-hour",
    "_local_per_usd": "local/USD",
    "_per_month": "/month",
    "_per_year": "/year",
    "_j_per_th": "J/TH",
    "_mw_it": "MW IT",
    "_months": "months",
    "_month": "month",
    "_mwh": "MWh",
    "_mw": "MW",
    "_ehs": "EH/s",
    "_ths": "TH/s",
    "_btc": "BTC",
    "_usd": "USD",
}
TAG = re.compile(r"\b([BM])(\d{1,2})(b?)(?:-\1(\d{1,2}))?\b")


def tags_in(text: str) -> set[str]:
    """List the equation tags of a text; ``B3-B5`` names three."""
    found = set()
    for letter, first, variant, last in TAG.findall(text):
        numbers = range(int(first), int(last or first) + 1)
        found |= {f"{letter}{number}{variant}" for number in numbers}
    return found


def docstring_tags(tree: ast.AST) -> set[str]:
    """List the equation tags in the docstrings of a module."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    return set().union(*map(tags_in, texts))


def resolve(name: str) -> Any:
    """Import a dotted name: the longest module, then attributes."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def own_columns(kind: type) -> list[str]:
    """Columns that a class declares itself."""
    return list(inspect.get_annotations(kind))


def body_of(function: str) -> list[ast.stmt]:
    """Statements of a method of the model."""
    tree = SOURCES[ROOT / "sim" / "model.py"]
    return next(n.body for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)


def calls_of_step() -> list[str]:
    """Names of the model's own methods that the month calls, in order."""
    calls = [
        node.func.attr
        for statement in body_of("step")
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name) and node.func.value.id == "self"
    ]  # fmt: skip
    return calls


def acts_of(statements: list[ast.stmt]) -> Iterator[str]:
    """Kind and procedure of every call of the engine, in order."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.engine.act":
                procedure, *kinds = (str(ast.literal_eval(argument)) for argument in node.args[1:])
                yield from (f"{kind}.{procedure}" for kind in kinds)


def phase_rows() -> list[tuple[int, str, str, list[str]]]:
    """Rows of the phase table: number, phase, method, agents that act."""
    rows = re.findall(r"^\| (\d+) ([^|]+) \| `(\w+)` \|([^|]*)\|", PAGE, re.MULTILINE)
    return [
        (int(n), phase.strip(), method, re.findall(r"`([\w.]+)`", acts)) for n, phase, method, acts in rows
    ]


def column_rows(text: str) -> list[tuple[list[str], list[str], str]]:
    """Rows of a table of columns: names, units, meaning."""
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"
    ]
    return [(re.findall(r"`(\w+)`", row[1]), row[2].split(", "), row[3]) for row in cells[2:]]


def stored_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Owner and name of every attribute or string key that a module assigns."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AugAssign) else targets
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Attribute):
                    yield ast.unparse(part.value), part.attr
                elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
                    yield ast.unparse(part.value), str(part.slice.value)


def names_in_code() -> set[str]:
    """Every identifier and string of the code, and every start of a composed string as ``start*``."""
    found = set()
    for path, tree in SOURCES.items():
        if path.name == "policy.py":  # declares the instruments; reading them is what counts
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                found.add(str(node.values[0].value) + "*")
    return found


def test_the_tag_reader_knows_lists_ranges_and_variants():
    assert tags_in("(Eq. B1, B3-B5, M3), B6b; H100 GPUs, 20 MW") == {"B1", "B3", "B4", "B5", "M3", "B6b"}


def test_every_equation_of_the_code_has_a_heading_and_every_heading_is_in_the_code():
    headings = re.findall(r"^#+ Eq\. ([BM]\d+b?)\. ", PAGE, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == set().union(*map(docstring_tags, SOURCES.values()))


def test_equation_numbers_stand_under_their_own_heading():
    for title, text in SECTIONS.items():
        tags = {number for number, _ in re.findall(r"^\s*\(([BM]\d+b?)\.(\d+)\)", text, re.MULTILINE)}
        assert not tags or tags == tags_in(title.split(". ")[1]), title


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_named_object_imports(name):
    assert resolve(name) is not None


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:sim|agents|tests)/[\w/.]+)`", PAGE))))
def test_the_named_file_exists(path):
    assert (ROOT / path).exists()


def test_the_phases_are_those_of_the_month_in_order():
    rows = phase_rows()
    assert [number for number, *_ in rows] == list(range(1, 15))
    assert [method for _, _, method, _ in rows] == calls_of_step()


@pytest.mark.parametrize("row", phase_rows(), ids=lambda row: row[2])
def test_the_agents_of_a_phase_act_in_the_order_of_the_code(row):
    _, _, method, acts = row
    assert acts == list(acts_of(body_of(method)))


def test_every_column_class_is_described():
    described = {resolve(name) for name in TABLES}
    used = set(KINDS.values())
    bases = {base for kind in used for base in kind.__mro__ if own_columns(base)}
    assert described == used | bases | {World}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_table_lists_each_column_of_the_class_once(name):
    described = [column for columns, _, _ in column_rows(TABLES[name]) for column in columns]
    assert sorted(described) == sorted(own_columns(resolve(name)))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_unit_of_a_column_agrees_with_its_name(name):
    wrong = []
    for columns, units, _ in column_rows(TABLES[name]):
        for i, column in enumerate(columns):
            unit = units[i] if len(units) > 1 else units[0]
            wanted = next((unit for suffix, unit in UNITS.items() if column.endswith(suffix)), "")
            wrong += [] if wanted in unit else [f"{column}: {unit}"]
    assert not wrong


def test_columns_that_nothing_fills_are_marked():
    stored = [(owner, name) for tree in SOURCES.values() for owner, name in stored_names(tree)]
    anywhere = {name for _, name in stored}
    in_world = {name for owner, name in stored if "world" in owner or owner == "row"}
    marked, empty = set(), set()
    for title, text in TABLES.items():
        kind = resolve(title)
        for columns, _, meaning in column_rows(text):
            marked |= {(kind, column) for column in columns if NOT_FILLED in meaning}
        filled = in_world if kind is World else anywhere
        empty |= {(kind, column) for column in own_columns(kind) if column not in filled}
    assert empty <= marked
    assert all(kind is not World or (kind, column) in empty for kind, column in marked)


def test_every_rule_is_listed_as_used_or_as_a_benchmark():
    rules = {
        node.name: (f"agents.rules.{path.stem}.{node.name}", node)
        for path, tree in SOURCES.items() if path.parent.name == "rules"
        for node in tree.body if isinstance(node, ast.FunctionDef)
    }  # fmt: skip
    outside = [tree for path, tree in SOURCES.items() if path.parent.name != "rules"]
    reached: set[str] = set()
    waiting: list[ast.AST] = [*outside]
    while waiting:
        used = {n.id for n in ast.walk(waiting.pop()) if isinstance(n, ast.Name)} & set(rules) - reached
        reached |= used
        waiting += [rules[name][1] for name in used]
    benchmark = {
        name
        for text in SECTIONS.values()
        for listed in re.findall(r"Benchmark\s+only:(.*?)(?:\n\n|\Z)", text, re.DOTALL)
        for name in re.findall(r"`(agents\.[\w.]+)`", listed)
    }
    assert benchmark == {rules[name][0] for name in set(rules) - reached}
    assert {rules[name][0] for name in reached} <= set(FUNCTIONS)


def test_registry_rows_that_nothing_reads_are_listed():
    known = names_in_code()
    starts = tuple(name[:-1] for name in known if name.endswith("*") and len(name) > 4)
    rows = set(parameters()) | set(instruments())
    unread = {name for name in rows if name not in known and not name.startswith(starts)}
    listed = re.search(r"a\s+test\s+keeps\s+this\s+list\s+complete\): (.*?)(?:\n\n|\Z)", PAGE, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == unread


def test_every_plain_name_is_known():
    """Names in backticks with an underscore are columns, parameters, instruments, outputs or methods."""
    columns = {name for kind in {*KINDS.values(), World, Policy} for name in column_types(kind)}
    methods = {method for _, _, method, _ in phase_rows()}
    suffixes = {f"_{part}" for part in ("mw", "usd", "usd_per_kwh")}
    known = columns | methods | suffixes | {*KINDS, *parameters(), *instruments(), *outputs()}
    assert {name for name in re.findall(r"`(\w+_\w*)`", PAGE) if name not in known} == set()


def test_symbols_are_those_of_the_registry():
    pairs = re.findall(r"([\w]+)=`(\w+)`", PAGE)
    assert len(pairs) > 50
    assert {name: symbol for symbol, name in pairs} == {name: parameters()[name].symbol for _, name in pairs}


def test_the_block_for_results_is_marked():
    assert PAGE.count("<!-- results: begin -->") == PAGE.count("<!-- results: end -->") == 1
    assert PAGE.index("<!-- results: begin -->") < PAGE.index("<!-- results: end -->")
