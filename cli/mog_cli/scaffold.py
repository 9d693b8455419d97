"""Renders a template into a directory: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path

from mog_cli.errors import CommandError

SUFFIX = ".jinja"
PACKAGE = "__package__"
"""Stands for the import name in the paths of a template; `{{` in a file name would trouble Windows and git tools."""


def scaffold(template: Traversable, target: Path, answers: Mapping[str, str], *, git: bool) -> bool:
    """Render the template into ``target``, which is empty or not there; tell whether it became a git repository.

    Everything is made in a directory beside ``target`` first, so that an error, or Ctrl-C, leaves nothing behind.
    """
    require_empty(target)
    with staging_beside(target) as stage:
        render_tree(template, stage, answers)
        initialised = git and not inside_repository(target) and git_init(stage)
        move(stage, target)
    return initialised


def require_empty(target: Path) -> None:
    """Raise CommandError where something is in the way; a `.git` directory is not."""
    if target.is_dir():
        in_the_way = sorted(entry.name for entry in target.iterdir() if entry.name != ".git")
        if in_the_way:
            shown = ", ".join(in_the_way[:3]) + (", …" if in_the_way[3:] else "")
            raise CommandError(f"{target} is not empty ({shown}); nothing was written", hint="choose another name")
    elif target.exists() or target.is_symlink():
        raise CommandError(f"{target} is a file; nothing was written", hint="choose another name")


@contextmanager
def staging_beside(target: Path) -> Iterator[Path]:
    """Give a directory on the file system of ``target``, gone afterwards."""
    beside = target.parent if not target.exists() else target
    stage = Path(tempfile.mkdtemp(prefix=".mog-new-", dir=beside))
    stage.chmod(0o777 & ~current_umask())  # mkdtemp is private; a project is as open as any other directory
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def current_umask() -> int:
    """Read the process's umask; the system only tells it to those who set it."""
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def render_tree(template: Traversable, stage: Path, answers: Mapping[str, str]) -> None:
    """Write every file of the template, rendered where its name ends in `.jinja`."""
    from jinja2 import Environment, StrictUndefined

    from mog_templates import MANIFEST

    environment = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - programs and settings, not HTML
    )
    for parts, file in walk(template):
        if parts == (MANIFEST,):
            continue
        path = stage.joinpath(*(part.replace(PACKAGE, answers["package"]) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == SUFFIX:
            rendered = environment.from_string(file.read_text("utf-8")).render(answers)
            path.with_suffix("").write_text(rendered, "utf-8", newline="\n")
        else:
            path.write_bytes(file.read_bytes())


def walk(folder: Traversable, parts: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Yield the files below a folder with the parts of their paths."""
    for entry in folder.iterdir():
        if entry.is_file():
            yield (*parts, entry.name), entry
        elif entry.name != "__pycache__":
            yield from walk(entry, (*parts, entry.name))


def move(stage: Path, target: Path) -> None:
    """Put what was rendered in its place: by one rename, or entry by entry into a directory that is there."""
    if not target.exists():
        stage.rename(target)
        return
    moved: list[Path] = []
    try:
        for entry in stage.iterdir():
            place = target / entry.name
            entry.rename(place)
            moved.append(place)
    except BaseException:
        for place in moved:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        raise


def inside_repository(target: Path) -> bool:
    """Tell whether the directory belongs to a git work tree already."""
    return any((parent / ".git").exists() for parent in (target, *target.parents))


def git_init(stage: Path) -> bool:
    """Make a repository; False where git is missing or refuses, since the project is whole without."""
    try:
        command = ["git", "init", "--quiet", str(stage)]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - a fixed command
    except OSError:
        return False
    return done.returncode == 0
