"""What a rule is: a class with its documentation, its examples and its check, alone in one file below `rules/`.

A rule yields reports; the engine finds where they stand, applies suppressions and makes findings of them. A rule's
module does not import libcst, so that listing and explaining rules is fast; what it needs of a node it gets from the
summary, and its fixes are written through a `NodeEditor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mog_lint.config import LintConfig
from mog_lint.findings import Applicability, Severity
from mog_lint.model.coroutines import Coroutines
from mog_lint.model.interruptions import Interruptions
from mog_lint.model.project import Module, Project
from mog_lint.model.tasks import Task, Tasks
from mog_lint.suppress import Unused
from mog_lint.views import Views

if TYPE_CHECKING:
    from mog_lint.edits import NodeEditor
    from mog_lint.node_edit import NodeEdit


@dataclass(frozen=True)
class TextEdit:
    """Replace the characters `start` to `end` (excluded) of the file's text by `content`."""

    start: int
    end: int
    content: str


@dataclass(frozen=True)
class FixPlan:
    """How a report can be mended: `edits` holds them, or writes them for the node that was reported.

    What it asks of the editor is noted down first (see `noting`) and may be done elsewhere: it gives texts, numbers and
    truth values to the editor's methods, and returns what these give, unseen.

    `needs` is a module that the new text names; it is imported where it is not. Without a place for the import, or
    without edits, there is no fix.
    """

    message: str
    applicability: Applicability
    edits: tuple[TextEdit, ...] | Callable[[NodeEditor], Iterable[NodeEdit]]
    needs: str | None = None


@dataclass(frozen=True)
class RelatedSite:
    """Another place that a report is about: a site of the summary of any module."""

    module: Module
    site: int
    message: str


@dataclass(frozen=True)
class Report:
    """One place that breaks the rule: a site of the summary, or a span of the text.

    `severity` is that of the rule where it is None.
    """

    place: int | tuple[int, int]
    message: str
    fix: FixPlan | None = None
    chain: tuple[RelatedSite, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True)
class Good:
    """An example that a rule is silent about: the file at `path`, other `files` of the project, `config` by keys."""

    name: str
    source: str
    path: str = "tasks.py"
    files: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, tuple[str, ...] | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bad(Good):
    """An example that a rule reports: `marked` are the texts that it underlines, in order; `fixed` is the file after.

    `applicability` is that of the fixes; without `fixed` there must be none.
    """

    marked: tuple[str, ...] = ()
    fixed: str | None = None
    applicability: Applicability = Applicability.SAFE


@dataclass(frozen=True)
class RuleContext:
    """One file as a rule sees it; `unused` suppressions are known to the rules that run last."""

    module: Module
    views: Views
    unused: tuple[Unused, ...] = ()

    @property
    def project(self) -> Project:
        """All modules."""
        return self.views.project

    @property
    def all_tasks(self) -> Tasks:
        """The tasks of all modules."""
        return self.views.tasks

    @property
    def coroutines(self) -> Coroutines:
        """The coroutines of all modules."""
        return self.views.coroutines

    @property
    def interruptions(self) -> Interruptions:
        """Where tasks are put back, in all modules."""
        return self.views.interruptions

    @property
    def config(self) -> LintConfig:
        """What the project asks of the linter."""
        return self.views.config

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that the file declares, one that several decorators declare as often."""
        return self.all_tasks.of(self.module)

    @property
    def own_tasks(self) -> Iterator[Task]:
        """The tasks that the file declares, each once: for what their functions do."""
        seen: set[int] = set()
        for task in self.tasks:
            if task.function.site not in seen:
                seen.add(task.function.site)
                yield task


class Rule:
    """The base of all rules; its docstring has the headings What it does, Why and, where there are any, Options.

    `fixes` tells which fixes a rule may offer. A rule that `runs_last` sees which suppressions the others left unused.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    fixes: ClassVar[tuple[Applicability, ...]] = ()
    runs_last: ClassVar[bool] = False
    examples: ClassVar[tuple[Good, ...]]

    def check(self, context: RuleContext) -> Iterator[Report]:  # noqa: ARG002 - for those that override it
        """Yield what is wrong in a file."""
        yield from ()
