"""Finds Mognet's modules below ``mog``: ``from mog.app.app_config import AppConfig``.

They are one table (names.py) instead of forty files, since nothing is in them. The finder is the last in line, so what
imports mog's own modules never meets it. ``mog.app`` and others, modules here and packages in Mognet, have an empty
``__path__``, without which Python would not look below them.
"""

from __future__ import annotations

import importlib
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from mog.mognet.names import MODULES, why_absent


def find_spec(name: str) -> ModuleSpec | None:
    """Return the spec of a module of Mognet's, None for any other. Raises ModuleNotFoundError that says what to use."""
    path = name.removeprefix("mog.")
    if path in MODULES:
        return ModuleSpec(name, _Forwarder(), is_package=not MODULES[path])
    if (reason := why_absent(path)) is not None:
        raise ModuleNotFoundError(f"mog has no {path} of Mognet's: {reason}", name=name)
    return None


class _Forwarder(Loader):
    """Fills a module with the names that Mognet's has."""

    def exec_module(self, module: ModuleType) -> None:
        """Take them from :mod:`mog.mognet`."""
        path = module.__name__.removeprefix("mog.")
        names = MODULES[path].split()
        home = importlib.import_module("mog.mognet")
        content: dict[str, Any] = {name: getattr(home, name) for name in names}
        vars(module).update(content, __all__=names, __getattr__=partial(_refuse, path))


def _refuse(path: str, name: str) -> NoReturn:
    is_asked_of_all = name.startswith("__")  # as by who looks for the files of all modules
    if not is_asked_of_all and (reason := why_absent(f"{path}.{name}")) is not None:
        raise ImportError(f"mog has no {name} of Mognet's: {reason}")
    raise AttributeError(f"module mog.{path} has no {name}")
