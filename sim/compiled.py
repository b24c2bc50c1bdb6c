"""Compile at first use, and keep the result on disk under a name that changes with the sources.

Numba's own cache looks at the file of the compiled loop only, not at the rules that it calls, so an edited rule would go
on running in its old form. Here the cache directory is named by a hash of every source file of ``sim`` and ``agents``.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

_notices: list[Callable[[str], None]] = []


def on_compile(notify: Callable[[str], None]) -> None:
    """Register a callback that is told once when compilation is about to take long (first run after a change)."""
    _notices.append(notify)


@functools.cache
def source_hash() -> str:
    """Hash of all Python sources of ``sim`` and ``agents``: the code version of a compiled loop."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(f"{sys.version_info[:2]} {numba.__version__} {np.__version__}".encode())
    for package in ("agents", "sim"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def cache_dir() -> Path | None:
    """Directory of compiled code for these sources, created on demand; None if nothing can be written there."""
    base = os.environ.get("WATTLAB_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for candidate in (Path(base), Path(tempfile.gettempdir())):
        path = candidate / "wattlab" / source_hash()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if not any(path.iterdir()):
            for notify in _notices:
                notify("compiling the model for this machine: first run only, up to a minute")
        return path
    return None


def compile_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function now-or-at-first-call with the on-disk cache; plain Python when numba is disabled."""
    directory = cache_dir()
    if directory is None:
        return numba.njit(function)
    numba.config.CACHE_DIR = str(directory)
    return numba.njit(cache=True)(function)


class Kernel:
    """A function over arrays that is compiled when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.plain = function
        self.fast: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self.fast is None:
            self.fast = compile_function(self.plain)
        return self.fast(*arguments)


def kernel(function: Callable[..., Any]) -> Kernel:
    """Mark a function over arrays as compiled at first call."""
    return Kernel(function)


@functools.cache
def agent_loop(procedure: Callable[..., None]) -> Callable[..., None]:
    """Compile the loop that lets every agent of an array act: the column engine's half of "written once, run two ways"."""

    def loop(agents: Any, world: Any, policy: Any, par: Any) -> None:
        for i in range(len(agents)):
            procedure(agents[i], world[0], policy[0], par[0])

    loop.__qualname__ = f"loop_{procedure.__qualname__.replace('.', '_')}"
    return compile_function(loop)
