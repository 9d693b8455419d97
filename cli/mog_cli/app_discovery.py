"""Finds the Apps of a project by reading its modules, without importing any: a scan must not run a stranger's code."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SKIPPED = frozenset({"tests", "test", "docs", "build", "dist", "node_modules", "site-packages", "__pycache__"})
APP = "mog.App"


def find_apps(roots: Iterable[Path]) -> list[str]:
    """Return ``module:name`` of each App that is assigned at the top of a module below ``roots``."""
    return sorted(f"{module}:{name}" for file, module in modules(roots).items() for name in apps_of(file))


def find_broken(roots: Iterable[Path]) -> str | None:
    """Return the first module below ``roots`` that does not parse and may have been meant to hold an App."""
    broken = (module for file, module in modules(roots).items() if (source := app_source(file)) and not parses(source))
    return min(broken, default=None)


def modules(roots: Iterable[Path]) -> dict[Path, str]:
    """Return the modules below ``roots`` by their files.

    A file below two roots, such as `src/a.py` below `.` and `src`, counts for the innermost of them.
    """
    found: dict[Path, str] = {}
    for root in sorted(roots, key=lambda root: len(root.parts), reverse=True):
        for file in python_files(root):
            if file not in found:
                found[file] = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    return found


def python_files(root: Path) -> Iterator[Path]:
    """Yield the modules below a directory, not those of tests, environments and hidden directories."""
    for directory, folders, files in os.walk(root):
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if name.isidentifier() and name not in SKIPPED]
        yield from (Path(directory, name) for name in files if name.endswith(".py") and name[:-3].isidentifier())


def app_source(file: Path) -> bytes:
    """Return a file's source if it may hold an App, else nothing: parsing is what takes the time."""
    try:
        source = file.read_bytes()
    except OSError:
        return b""
    return source if b"App" in source and b"mog" in source else b""


def parses(source: bytes) -> bool:
    """Tell whether Python can read it."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def apps_of(file: Path) -> list[str]:
    """Return the names that the module binds to an App, as far as its source tells."""
    try:
        module = ast.parse(app_source(file))
    except (SyntaxError, ValueError, RecursionError):
        return []
    aliases = dict(imported_names(module))
    return [
        target.id
        for statement in module.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name) and qualified(statement.value.func, aliases) == APP
    ]


def imported_names(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (local name, what it means) for the imports from mog."""
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.module in ("mog", "mog.app") and not node.level:
            yield from ((alias.asname or alias.name, f"mog.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names if alias.name == "mog")


def qualified(node: ast.expr, aliases: dict[str, str]) -> str:
    """Return what a name, plain or of a module, means; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return aliases.get(name, "")
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return f"{aliases.get(name, '')}.{attribute}"
        case _:
            return ""
