"""What the shell offers for TAB: names of tasks, queues and templates.

A shell that completes wants names or nothing, and soon: what the user's modules print is not shown, an app that cannot
be loaded has no names, and one that takes long to load is not waited for.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mog import App

PATIENCE = 2.0
"""Seconds after which nothing is offered."""


def task_names(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of the app's tasks."""
    return [name for name in of_app(context, lambda app: app.tasks.names) if name.startswith(incomplete)]


def queue_names(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the queues that the app uses."""
    return sorted(name for name in of_app(context, lambda app: app.queues.used()) if name.startswith(incomplete))


def several_queue_names(context: typer.Context, incomplete: str) -> list[str]:
    """Offer a list of queues, ``a,b``, with one more of those that it does not name yet."""
    listed, comma, begun = incomplete.rpartition(",")
    taken = {name.strip() for name in listed.split(",")}
    left = sorted(of_app(context, lambda app: app.queues.used() - taken))
    return [f"{listed}{comma}{name}" for name in left if name.startswith(begun)]


def template_names(incomplete: str) -> list[str]:
    """Offer the scaffolds of `mog new`."""
    import mog_templates

    return [name for name in mog_templates.names() if name.startswith(incomplete)]


def of_app(context: typer.Context, names: Callable[[App], Iterable[str]]) -> list[str]:
    """Return names that the app knows; nothing where it cannot be loaded, or not soon."""
    found: list[str] = []
    spec = named_app(context)

    def load() -> None:
        from mog_cli.app_loading import load_app

        try:
            found.extend(names(load_app(spec)))
        except (Exception, SystemExit):  # noqa: BLE001 - the user's modules may fail in any way; TAB is no place to tell
            found.clear()

    loading = threading.Thread(target=load, name="mog-completion", daemon=True)
    with silence():
        loading.start()
        loading.join(PATIENCE)
    return [] if loading.is_alive() else found


def named_app(context: typer.Context) -> str | None:
    """Return the app that the words before name, if they do."""
    if context.info_name == "run" and context.args:  # what precedes an option without its value is left over
        return context.args[0]
    named: str | None = context.params.get("app")
    return named


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing that this process prints be heard while the block runs, whoever prints it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    kept = [(number, os.dup(number)) for number in (1, 2)]
    for number, _ in kept:
        os.dup2(nowhere, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)
