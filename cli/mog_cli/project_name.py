"""What a new project may be called: its import name must work, and must not hide another package."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.util import find_spec

from mog_cli.errors import CommandError

NAME = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")  # what a distribution may be called, less the dot
TAKEN = {"mog", "test", "tests", "src"}


def package_name(name: str) -> str:
    """Return the import name of a project. Raises CommandError for a name that would not work."""
    package = name.replace("-", "_")
    if "/" in name or "\\" in name or name in (".", ".."):
        raise CommandError(f"{name!r} is a path, not a name", hint="change the directory first, then: mog new NAME")
    if not NAME.fullmatch(name) or not package.isidentifier():
        close = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-0123456789").lower() or "hello"
        raise CommandError(
            f"{name!r} cannot be a project's name: letters, digits, - and _, with a letter first", hint=f"try {close}"
        )
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        raise CommandError(f"{package!r} is a word of the Python language", hint=f"try {name}-tasks")
    if package in sys.stdlib_module_names:
        raise CommandError(f"{package!r} is a module of the standard library", hint=f"try {name}-tasks")
    if package in TAKEN or find_spec(package):
        raise CommandError(
            f"a package named {package!r} is there already and would be hidden, or hide this one",
            hint=f"try {name}-tasks",
        )
    return package
