"""`mog nodes`: the processes that work."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from mog_cli import output
from mog_cli.options import AppOption, Json, Verbose
from mog_cli.parsing import Verb, Verbs

if TYPE_CHECKING:
    from mog import App

verbs = typer.Typer(help="Look at the processes that work.", cls=Verbs, rich_markup_mode=None, add_completion=False)


@verbs.callback()
def nodes() -> None:
    """Look at the processes that work."""


@verbs.command("status", cls=Verb)
def status(app: AppOption = None, as_json: Json = False, _verbose: Verbose = False) -> None:
    """Show the processes that work just now, and which tasks each runs."""
    from mog_cli.app_loading import load_app, with_app

    found = with_app(load_app(app), look)
    if as_json:
        for node in found:
            output.json_line(node)
        return
    output.table(("NODE", "RUNNING", "TASKS"), map(row, found), elastic=("TASKS",))
    if not found and output.is_terminal(sys.stderr):
        output.note("no worker runs; start one: mog run")


async def look(app: App) -> list[dict[str, Any]]:
    """Return each node with the tasks that it runs, for JSON."""
    found = []
    async for node in app.get_current_status_of_nodes():
        running = {result.id: result.name for result in await app.results(node.running)}
        tasks = [{"id": str(task_id), "name": running.get(task_id)} for task_id in node.running]
        found.append({"node": node.node_id, "running": tasks})
    return found


def row(node: dict[str, Any]) -> tuple[str, str, str]:
    """Show a node as a row of the table."""
    names = Counter(task["name"] or "?" for task in node["running"])
    tasks = ", ".join(name if count == 1 else f"{count} {name}" for name, count in sorted(names.items()))
    return node["node"], str(len(node["running"])), tasks
