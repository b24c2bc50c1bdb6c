"""The rules of CONTRIBUTING.md about source files, on every file; each check first has to find a breach."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

import pytest

from tests.architecture.house_rules import (
    global_random_state,
    imports_of,
    long_functions,
    private_places,
    unexplained_numbers,
)
from tests.architecture.tree import PACKAGES, label, python_files, text_files

FILE_LINES = 400
FUNCTION_LINES = 60


def breaches(paths: list, check: Callable[[str], list[str]]) -> str:
    found = [(path, line) for path in paths for line in check(path.read_text(encoding="utf-8"))]
    return "\n".join(f"{label(path)}, {line}" for path, line in found)


def test_no_file_is_longer_than_400_lines():
    paths = python_files(*PACKAGES, "tests")
    sizes = {label(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}


def test_the_length_check_counts_lines_of_nested_and_ordinary_functions():
    source = "def short():\n    return 1\n\nclass A:\n    def long(self):\n" + "        pass\n" * 3
    assert long_functions(source, 3) == ["line 5: long has 4 lines"]


def test_no_function_is_longer_than_60_lines():
    found = breaches(python_files(*PACKAGES, "tests"), partial(long_functions, limit=FUNCTION_LINES))
    assert not found, found


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from random import choice",
        "import numpy as np\nnp.random.seed(1)",
        "import numpy\nx = numpy.random.normal()",
        "from numpy.random import rand",
        "from numpy.random import default_rng\nrng = default_rng()",
        "import numpy as np\nrng = np.random.default_rng()",
    ],
)
def test_the_random_check_finds_global_state(source):
    assert len(global_random_state(source)) == 1


def test_the_random_check_accepts_explicit_generators():
    source = "import numpy as np\ndef f(seed):\n    return np.random.Generator(np.random.Philox(seed))\n"
    assert global_random_state(source) == []


def test_no_global_random_state():
    found = breaches(python_files(*PACKAGES), global_random_state)
    assert not found, found


def test_the_number_check_finds_a_literal_and_accepts_a_named_constant():
    assert unexplained_numbers("def f(x):\n    return 0.7 * x") == ["line 2: 0.7"]
    assert unexplained_numbers("SHARE = 0.7\ndef f(x):\n    return SHARE * x / 1000.0") == []


def test_behaviour_code_holds_no_number_that_no_table_explains():
    found = breaches(python_files("agents"), unexplained_numbers)
    assert not found, found


def test_the_model_imports_no_plotting():
    assert imports_of("def f():\n    from matplotlib import pyplot", "matplotlib") == ["line 2: matplotlib"]
    found = breaches(python_files("sim", "agents"), partial(imports_of, package="matplotlib"))
    assert not found, found


def test_every_public_module_has_a_docstring():
    public = [path for path in python_files(*PACKAGES) if path.stem == "__init__" or path.stem[0] != "_"]
    documented = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in public}
    assert [label(path) for path, text in documented.items() if not text] == []


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "home/someone/data.csv",
        "path = '/" + "Users/someone/wattlab'",
        "cd ../" + "shared",
        "pip install --index" + "-url=https://example.org/simple",
        "find" + "-links = wheels",
    ],
)
def test_the_place_check_finds_private_places(line):
    assert len(private_places(f"first line\n{line}\n")) == 1


def test_the_place_check_accepts_addresses_and_relative_paths():
    assert private_places("https://example.org/home/work/a.html\ndocs/work/a.md\n$(dirname x)/..\n") == []


def test_no_machine_paths_or_package_index_in_tracked_files():
    found = breaches([path for path in text_files() if path.suffix not in {".png", ".pdf"}], private_places)
    assert not found, found
