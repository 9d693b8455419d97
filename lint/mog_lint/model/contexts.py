"""What a function calls on a task's context, and which sleeps and submissions there are, by full names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mog_lint.model.blocks import Block
from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Call, Use

_CONTEXT = re.compile(r"(?:\^|(?:mog|mognet)(?:\.\w+)*\.Context)\.(?P<method>.+)")
_STATE = re.compile(r"(?:mog|mognet)(?:\.\w+)*\.State\.(?P<method>.+)")
READS = frozenset({"state.get", "state.pop", "checkpointed"})
WRITES = frozenset({"state.set", "state.pop", "state.clear", "checkpointed"})
# What hands work to other tasks, in mog and elsewhere.
SUBMISSIONS = frozenset(
    {"submit", "submit_many", "run", "gather", "create_request"}
    | {"kiq", "delay", "apply_async", "send_task", "enqueue", "enqueue_job", "defer_async", "send"}
)


def context_methods(call: Call, project: Project, module: Module) -> Iterator[str]:
    """Yield the names of methods of a task's context, such as `state.get`, that a call may be of."""
    if call.use in (Use.WITH, Use.WITH_AWAIT, Use.GIVEN):
        return
    for name in project.resolve(call.symbols, module):
        method = _method(name)
        if method:
            yield method


def _method(name: str) -> str:
    """Return which method of a context a full name is, empty for anything else."""
    plain = name.replace("()", "")
    if (found := _CONTEXT.fullmatch(plain)) is not None:
        return found["method"]
    found = _STATE.fullmatch(plain)
    return "" if found is None else f"state.{found['method']}"


def is_checkpointed(loop: Block, project: Project, module: Module) -> bool:
    """Say whether a loop goes over what `context.checkpointed` gives."""
    return any(_method(name) == "checkpointed" for name in project.resolve(loop.symbols, module))


def calls_context(calls: Iterable[Call], methods: frozenset[str], project: Project, module: Module) -> bool:
    """Say whether one of the calls is of one of these methods, or hands the context or its state on."""
    return any(
        call.use is Use.GIVEN or not methods.isdisjoint(context_methods(call, project, module)) for call in calls
    )
