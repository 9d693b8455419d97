"""Loads the user's App: from the command line, MOG_APP, `[tool.mog] app`, or the one that the project has.

``module`` means ``module:app``. The current directory and the project's are importable. What fails in the user's code
is shown with the user's frames, without ours.
"""

from __future__ import annotations

import difflib
import importlib
import itertools
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from mog_cli.errors import CommandError, one_line
from mog_cli.project import Project, find_project

if TYPE_CHECKING:
    from mog import App

T = TypeVar("T")

DEFAULT_NAME = "app"
HOW_TO_NAME = "name it: --app MODULE:NAME, MOG_APP, or `app` in [tool.mog] of pyproject.toml"


def load_app(spec: str | None) -> App:
    """Find and import the App, and the modules of its tasks. Raises CommandError for each way in which that fails."""
    project = find_project()
    roots = project.source_roots()
    sys.path[:0] = [str(root) for root in roots if str(root) not in sys.path]
    chosen = spec or os.environ.get("MOG_APP") or project.settings.get("app") or discover(project)
    if not isinstance(chosen, str):
        raise CommandError(f"`app` in [tool.mog] must be a text such as 'hello.app:app', not {chosen!r}")
    module_name, _, name = chosen.partition(":")
    if module_name.endswith(".py") or not all(part.isidentifier() for part in module_name.split(".")):
        hint = "write it as in an import, with the App's name behind a colon: hello.app:app"
        raise CommandError(f"{chosen!r} names no module", hint=hint)
    app = pick_app(import_module(module_name, roots), name or DEFAULT_NAME)
    for tasks_module in app.config.imports:
        import_module(tasks_module, roots)
    return app


def with_app(app: App, work: Callable[[App], Awaitable[T]]) -> T:
    """Open the app, do the work on a loop of its own, close the app, return what the work returned.

    Raises CommandError for an app whose tasks lie in the memory of some other process: a task submitted to this one's
    memory would be gone with it, unseen.
    """
    import asyncio

    if app.config.broker.startswith("memory:"):
        raise CommandError(
            f"app {app.name!r} keeps its tasks in {app.config.broker}, within one process, and this is another",
            hint="processes share a file, which is the default: broker sqlite:///.mog/mog.db",
        )

    async def opened() -> T:
        async with app:
            return await work(app)

    return asyncio.run(opened())


def discover(project: Project) -> str:
    """Return the one App that the project has."""
    from mog_cli.app_discovery import find_apps, find_broken

    roots = project.source_roots()
    apps = find_apps(roots)
    if not apps:
        broken = find_broken(roots)
        if broken is not None:
            import_module(broken, roots)  # raises what is wrong with it
        hint = f"change into the project's directory, or {HOW_TO_NAME}"
        raise CommandError(f"no App is found below {project.root}", hint=hint)
    if len(apps) > 1:
        raise CommandError(f"this project has several Apps: {', '.join(apps)}", hint=HOW_TO_NAME)
    return apps[0]


def import_module(name: str, roots: list[Path]) -> ModuleType:
    """Import a module of the user's."""
    from mog.errors import MogError

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise CommandError(
                f"there is no module {error.name!r} in {', '.join(map(str, roots))}",
                hint=suggest_module(error.name, roots),
            ) from None
        raise broken_import(name, error) from error
    except MogError as error:
        raise CommandError(f"{place_of(error)}{one_line(error)}") from error
    except (Exception, SystemExit) as error:
        raise broken_import(name, error) from error


def broken_import(name: str, error: BaseException) -> CommandError:
    """Return the error for a module that fails while it is imported."""
    return CommandError(
        f"could not import {name}: {type(error).__name__}: {one_line(error)}", detail=show_user_frames(error)
    )


def show_user_frames(error: BaseException) -> str:
    """Format the traceback without the frames of mog and of the import system."""
    shown = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = shown
    while part is not None:
        part.stack = traceback.StackSummary.from_list(frame for frame in part.stack if is_users(frame.filename))
        part = part.__cause__ or part.__context__
    return "".join(shown.format()).rstrip()


def is_users(filename: str) -> bool:
    """Tell whether a file is neither mog's nor the import system's."""
    ours = (runtime_directory(), Path(__file__).parent, Path(importlib.__file__).parent)
    return not filename.startswith("<frozen ") and not any(map(Path(filename).is_relative_to, ours))


def runtime_directory() -> Path:
    """Return where the package `mog` lies."""
    import mog

    return Path(mog.__file__).parent


def place_of(error: BaseException) -> str:
    """Return ``file:line: `` of the line with which the user called mog, which raised the error."""
    frames = traceback.extract_tb(error.__traceback__)
    runtime = runtime_directory()
    before_mog = itertools.takewhile(lambda frame: not Path(frame.filename).is_relative_to(runtime), frames)
    users = [frame for frame in before_mog if is_users(frame.filename)]
    return f"{os.path.relpath(users[-1].filename)}:{users[-1].lineno}: " if users else ""


def suggest_module(name: str, roots: list[Path]) -> str:
    """Return a hint that names the nearest module."""
    parent, _, last = name.rpartition(".")
    folders = [root.joinpath(*parent.split(".")) if parent else root for root in roots]
    there = {entry.stem for folder in folders if folder.is_dir() for entry in folder.iterdir() if is_module(entry)}
    near = difflib.get_close_matches(last, there, 1)
    return f"did you mean {f'{parent}.' if parent else ''}{near[0]}?" if near else HOW_TO_NAME


def is_module(path: Path) -> bool:
    """Tell whether a directory entry can be imported."""
    return path.stem.isidentifier() and (path.suffix == ".py" or path.is_dir())


def pick_app(module: ModuleType, name: str) -> App:
    """Return the App of that name in the module."""
    from mog import App

    value = getattr(module, name, None)
    if isinstance(value, App):
        return value
    apps = [f"{module.__name__}:{other}" for other, value in vars(module).items() if isinstance(value, App)]
    if value is not None:
        what = f"{module.__name__}:{name} is a {type(value).__name__}, no App"
    else:
        what = f"{module.__name__} has no {name!r}"
    if apps:
        raise CommandError(f"{what}; it has the App {' and '.join(apps)}", hint=f"try --app {apps[0]}")
    public = [other for other in vars(module) if not other.startswith("_")]
    raise CommandError(f"{what} and no App; it has: {', '.join(public[:8]) or 'nothing'}", hint=HOW_TO_NAME)
