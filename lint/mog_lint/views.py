"""What the rules see of a linked project, each part worked out when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mog_lint.blocking import knowledge
from mog_lint.config import LintConfig
from mog_lint.model.cancellations import Cancellations
from mog_lint.model.chains import ChainSearch
from mog_lint.model.coroutines import Coroutines
from mog_lint.model.interruptions import Interruptions
from mog_lint.model.project import Project
from mog_lint.model.tasks import Tasks


@dataclass(frozen=True, eq=False)
class Views:
    """Views of a project as it is now: a changed one asks for new ones."""

    project: Project
    config: LintConfig

    @cached_property
    def tasks(self) -> Tasks:
        """The tasks of the files that have been analysed."""
        return Tasks(self.project, frozenset(self.config.task_decorators))

    @cached_property
    def coroutines(self) -> Coroutines:
        """The coroutines of the files that have been analysed."""
        known = knowledge(self.config.blocking_calls, self.config.non_blocking_calls)
        return Coroutines(self.project, known, frozenset(self.config.offload_functions))

    @cached_property
    def cancellations(self) -> Cancellations:
        """What coroutines do when they are cancelled."""
        return Cancellations(self.project)

    @cached_property
    def chains(self) -> ChainSearch:
        """The ways from coroutines to what blocks."""
        return ChainSearch(self.coroutines, self.config.call_depth)

    @cached_property
    def interruptions(self) -> Interruptions:
        """Where tasks are put back, and what runs as part of them."""
        return Interruptions(self.tasks, self.coroutines)
