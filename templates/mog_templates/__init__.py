"""Scaffolds that `mog new` renders: one folder per template.

A template holds `template.toml` (`description`, `variables`) and the files of a project. Those that end in `.jinja` are
rendered by jinja2 and lose the suffix; `__package__` in a path becomes the project's import name. The variables:

- `name`            the project's name, as typed
- `package`         its import name, an identifier
- `mog_version`     of the mog that renders
- `python_version`  the oldest Python the project supports, such as `3.11`
- `year`            this year
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable

MANIFEST = "template.toml"


class UnknownTemplate(LookupError):
    """No template has this name; the message lists those that are there."""

    def __init__(self, template: str) -> None:
        """Keep the name that was asked for."""
        super().__init__(template)
        self.template = template

    def __str__(self) -> str:
        return f"no template is named {self.template!r}; there are: {', '.join(names())}"


def names() -> list[str]:
    """Names of all templates, sorted."""
    return sorted(folder.name for folder in files(__name__).iterdir() if (folder / MANIFEST).is_file())


def description(name: str) -> str:
    """One line that says what the template is for. Raises UnknownTemplate."""
    manifest = tomllib.loads((root(name) / MANIFEST).read_text("utf-8"))
    return str(manifest["description"])


def root(name: str) -> Traversable:
    """Folder of the template. Raises UnknownTemplate."""
    if name not in names():
        raise UnknownTemplate(name)
    return files(__name__) / name
