"""Which calls submit a task, by what their names lead to; a name of a function's own is judged by how it is called."""

from __future__ import annotations

from pathlib import Path

from mog_lint.model.project import Project
from mog_lint.model.tasks import TASK_API

SUBMIT = frozenset({"submit", "submit_blocking", "run", "run_blocking"})  # of an App or a Context; the task comes first
REQUEST = "Request"
USUAL_NAMES = frozenset({"app", "context", "ctx", "self.app", "self.context"})


def makes_request(project: Project, path: Path, callee: str) -> bool:
    """Say whether a dotted name in a file is the class Request."""
    names = _names(project, path, callee)
    return _is_own(names, REQUEST) if names else callee.rpartition(".")[2] == REQUEST


def submits(project: Project, path: Path, callee: str, *, to_anyone: bool = False) -> bool:
    """Say whether a dotted name in a file is a method that submits a task.

    A receiver of which nothing is known has to bear one of the usual names, unless it may submit `to_anyone`.
    """
    receiver, _, method = callee.rpartition(".")
    if method not in SUBMIT:
        return False
    names = _names(project, path, callee)
    return _is_own(names, method) if names else to_anyone or receiver in USUAL_NAMES


def _names(project: Project, path: Path, callee: str) -> frozenset[str]:
    """Return what a name of the module leads to; empty where it is a function's own, or unknown."""
    module = project.at(path)
    if module is None or callee.partition(".")[0] not in module.summary.exports:
        return frozenset()
    return project.resolve([f":{callee}"], module)


def _is_own(names: frozenset[str], last: str) -> bool:
    return any(name.partition(".")[0] in TASK_API and name.rpartition(".")[2] == last for name in names)
