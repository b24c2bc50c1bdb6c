"""Compile at first use, and keep the result on disk under a name that changes with the sources.

Numba's own cache looks at the file of the compiled loop only, not at the rules that it calls, so an edited
rule would go on running in its old form. Here the cache directory is named by a hash of the module's source
and of all it imports.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from numba.extending import overload

PACKAGES = ("agents", "sim")
# Division by zero gives inf or nan, as in NumPy arrays, and the check of stocks names it at the end of the
# month. Were each division to look whether it must raise, loops could not take several numbers at a time.
ERRORS: Final = "numpy"
_notices: list[Callable[[str], None]] = []


def on_compile(notify: Callable[[str], None]) -> None:
    """Register a callback that is told once when compilation is about to take long (first run after a
    change).
    """
    _notices.append(notify)


@functools.cache
def direct_imports(name: str) -> frozenset[str]:
    """Modules of the project that a module's source imports."""
    path = source_path(name)
    if path is None:
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_bytes()))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset(module for module in names if module.split(".")[0] in PACKAGES)


@functools.cache
def imported_modules(name: str) -> frozenset[str]:
    """Names of the project's modules that a module imports, directly or not, itself included."""
    found, open_ends = {name}, [name]
    while open_ends:
        new = direct_imports(open_ends.pop()) - found
        found |= new
        open_ends.extend(new)
    return frozenset(found)


def source_path(name: str) -> Path | None:
    """Source file of a module of the project."""
    base = Path(__file__).resolve().parent.parent.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def source_hash(name: str) -> str:
    """Hash of the sources that a module's compiled code depends on: its own and those of all it imports."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {numba.__version__} {np.__version__}".encode())
    for module in sorted(imported_modules(name)):
        path = source_path(module)
        digest.update(module.encode())
        digest.update(path.read_bytes() if path else b"")
    return digest.hexdigest()[:16]


@functools.cache
def cache_dir(name: str) -> Path | None:
    """Directory of compiled code for a module's sources, created on demand; None if nothing can be written
    there.
    """
    base = os.environ.get("WATTLAB_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for candidate in (Path(base), Path(tempfile.gettempdir())):
        path = candidate / "wattlab" / source_hash(name)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if not any(path.iterdir()):
            for notify in _notices:
                notify("compiling the model for this machine: first run only, about a minute")
            _notices.clear()
        return path
    return None


def compile_function(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    """Compile a function with the on-disk cache of a module's sources; plain Python when numba is
    disabled.
    """
    directory = cache_dir(module)
    if directory is None:
        return numba.njit(error_model=ERRORS)(function)
    numba.config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]
    return numba.njit(cache=True, error_model=ERRORS)(function)


class Kernel:
    """A function over arrays that is compiled when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.plain = function
        self.fast: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self.fast is None:
            self.fast = compile_function(self.plain, self.plain.__module__)
        return self.fast(*arguments)


def kernel(function: Callable[..., Any]) -> Kernel:
    """Mark a function over arrays as compiled at first call; other compiled code may call it as well."""
    made = Kernel(function)
    overload(made, strict=False)(lambda *arguments: function)
    return made


@functools.cache
def agent_loop(procedure: Callable[..., None]) -> Callable[..., None]:
    """Compile the loop that lets every agent of an array act: the column engine's half of "written once,
    run two ways".
    """

    def loop(agents: Any, world: Any, policy: Any, par: Any) -> None:
        for i in range(len(agents)):
            procedure(agents[i], world[0], policy[0], par[0])

    loop.__qualname__ = f"loop_{procedure.__qualname__.replace('.', '_')}"
    return compile_function(loop, procedure.__module__)
