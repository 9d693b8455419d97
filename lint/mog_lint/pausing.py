"""How rules word what a task can do instead of holding its slot, and how they write pauses."""

from __future__ import annotations

from collections.abc import Sequence

from mog_lint.findings import Applicability
from mog_lint.model.project import Module, Project
from mog_lint.model.tasks import Task
from mog_lint.rule import FixPlan

MODULE = "mog"
PAUSE = "mog.Pause"


def advice(task: Task) -> str:
    """Return the half sentence that says how a task of its kind gives its slot back while it waits."""
    if task.is_mog:
        return "`raise Pause(delay=…)` puts the task back until then"
    if task.is_own_api:
        return "`raise Pause` puts the task back"
    return "end the task and have it run again later"


def context_of(task: Task) -> str | None:
    """Return what a task of mog calls its context, or None where that is not certain."""
    first = task.function.first
    plain = task.is_mog and task.is_innermost and not task.function.is_method
    return first.name if plain and first is not None and not first.is_rest else None


def spell_pause(context: str, module: Module, project: Project) -> str:
    """Return how a module writes the start of a pause: by the name under which it has imported Pause, if it has."""
    name = spelt(PAUSE, module, project)
    return f"{context}.pause(" if name is None else f"raise {name}("


def let_pass_fix(raised: Sequence[str], module: Module, project: Project) -> FixPlan | None:
    """Return the fix that lets these exceptions pass a handler, or None where the module cannot name them."""
    found = [spelt(name, module, project) for name in raised]
    names = [name for name in found if name is not None]
    needs = None
    if len(names) < len(raised):
        is_free = module.summary.exports.get(MODULE, (f"{MODULE}:",)) == (f"{MODULE}:",)
        if not is_free or any(not name.startswith(f"{MODULE}.") for name in raised):
            return None
        needs = MODULE
        names = [f"{MODULE}.{name.rpartition('.')[2]}" for name in raised]
    listed = names[0] if len(names) == 1 else f"({', '.join(names)})"
    return FixPlan(f"let {listed} pass", Applicability.SAFE, lambda editor: editor.let_pass(listed), needs=needs)


def spelt(full_name: str, module: Module, project: Project) -> str | None:
    """Return a name of the module's top level that means what a full name says, or None."""
    for name, symbols in module.summary.exports.items():
        if project.resolve(symbols, module) == {full_name}:
            return name
    return None
