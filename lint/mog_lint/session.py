"""A project that stays in memory: it is told of changed texts, and says what it finds without a look at all the rest.

    session = Session(config)
    list(session.findings())              # of the whole project
    session.update(path, data)            # this content counts instead of the one on disk
    list(session.findings([path]))        # analyses this file alone, and links it anew
    session.reload(path)                  # what is on disk counts again; without a file there it leaves the project
    session.rescan()                      # files have come, gone or changed on disk

`session.project` and `session.views` are what the rules see, after `analyse` or `findings`. A
change of pyproject.toml asks for a new session. One thread at a time may use it.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

from mog_lint.cache import Cache, OnProgress
from mog_lint.config import LintConfig
from mog_lint.contents import Content, Contents
from mog_lint.discovery import discover
from mog_lint.findings import Finding
from mog_lint.model.layout import Layout
from mog_lint.model.project import Module, Project
from mog_lint.model.source import Problem
from mog_lint.model.tasks import Tasks
from mog_lint.pool import Workers
from mog_lint.presenting import Presenter
from mog_lint.reach import Reach, ask_for_arguments, follow
from mog_lint.reporting import SYNTAX_ERROR, findings_of, problem_finding
from mog_lint.rule import RuleContext
from mog_lint.selection import Selection
from mog_lint.views import Views


class Session:
    """What is known of a project between two looks at it.

    `files` are those to analyse, by absolute path; without them they are the project's. `contents` and
    `layout` are what has been read of them already. With `jobs` above 1 that many
    processes are started where there is much to parse, which needs a main module that can be imported without harm.
    Raises ConfigError for a selection of a rule that does not exist.
    """

    def __init__(
        self,
        config: LintConfig,
        *,
        files: Iterable[Path] | None = None,
        contents: Contents | None = None,
        layout: Layout | None = None,
        use_cache: bool = True,
        jobs: int = 1,
    ) -> None:
        self.config = config
        self.workers = Workers(jobs)
        self.selection = Selection(config)
        self.cache = Cache.of_project(config.root) if use_cache and config.has_project else Cache()
        self.files = set(discover((), config).files if files is None else files)
        self.contents = contents or Contents()
        self.project = Project()
        self._layout = layout or Layout(config, self.contents.given)
        self._reach = Reach(config.task_decorators)
        self._problems: dict[Path, Problem] = {}  # of contents that were to be analysed
        self._changed: set[Path] = set()  # files of which the module, if there is one, is of an older content
        self._last_asked: tuple[tuple[int, frozenset[Path]], set[Path]] = ((-1, frozenset()), set())

    def update(self, path: Path, data: bytes) -> None:
        """Let this be a file's content, whatever is on disk; the file may be new."""
        before = self.contents.given.get(path)
        if before is not None and before != data:
            self.cache.forget(Content(before))  # what is typed over does not come back
        self.contents.given[path] = data
        self._look_again(path)

    def reload(self, path: Path) -> None:
        """Let what is on disk be a file's content again; without a file there it leaves the project."""
        self.contents.given.pop(path, None)
        self._look_again(path)

    def rescan(self) -> None:
        """List the project's files anew, and take in what has changed on disk."""
        for path in self.files.union(discover((), self.config).files):
            self._look_again(path)

    def findings(self, paths: Iterable[Path] | None = None, on_progress: OnProgress | None = None) -> Iterator[Finding]:
        """Yield the findings of these files, by absolute path, or of all, in the order of files and lines."""
        reported = set(self.files if paths is None else paths)
        self.files |= reported
        try:
            self.analyse(reported, on_progress)
            found = dict(self._reported(reported))
        finally:
            self.workers.close()
        for path in sorted(reported):
            yield from found.get(path, ())

    def _reported(self, paths: Iterable[Path]) -> Iterator[tuple[Path, list[Finding]]]:
        modules = {path: module for path in paths if (module := self.project.at(path)) is not None}
        yield from self._problems_of(path for path in paths if path not in modules)
        contexts = [
            (RuleContext(module, self.views), self.selection.rules_for(path)) for path, module in modules.items()
        ]
        yield from findings_of(contexts, Presenter(self.contents, self.cache, self.workers))

    def _problems_of(self, paths: Iterable[Path]) -> Iterator[tuple[Path, list[Finding]]]:
        """Yield the findings of files without a module, of which only their syntax is checked."""
        contents = {path: self.contents.get(path) for path in paths}
        self.cache.check((item for item in contents.values() if isinstance(item, Content)), self.workers)
        for path, content in contents.items():
            problem = content if isinstance(content, Problem) else self.cache.problem(content)
            if problem is not None and any(rule.code == SYNTAX_ERROR for rule in self.selection.rules_for(path)):
                yield path, [problem_finding(path, problem, self.contents.read(path) or b"")]

    def save(self) -> None:
        """Keep what was learnt of contents for the next run; a program that stays does so now and then."""
        self.cache.save()

    @cached_property
    def views(self) -> Views:
        """What the rules see of the files that have been analysed."""
        return Views(self.project, self.config)

    @property
    def tasks(self) -> Tasks:
        """The tasks of the files that have been analysed."""
        return self.views.tasks

    def analyse(self, reported: Collection[Path] = (), on_progress: OnProgress | None = None) -> None:
        """Bring the project up to date, for findings in these files: what is analysed leads to further files.

        `on_progress` is told how many files are done, of how many that are known to be at hand. If it raises, the
        session is void.
        """
        done = 0
        with _collector_off():
            while picked := self._pick(reported):
                done += self._link(picked, None if on_progress is None else partial(_go_on, on_progress, done))

    def _pick(self, reported: Collection[Path]) -> dict[Path, Content]:
        """Return the files that are now within reach and have no module of their present content."""
        while self._reach.extend(self.project, self._spelling()):
            pass
        asked = self._asked(reported)
        picked: dict[Path, Content] = {}
        for path in self._in_question(reported, asked):
            content = self.contents.get(path)
            if isinstance(content, Problem):
                continue
            is_own = path in reported and self._reach.has_own(path, content.data)
            if is_own or path in asked or self._reach.has_news(path, content.data):
                picked[path] = content
            elif path in self._changed:
                self._drop(path)
        self._reach.cover()
        return picked

    def _in_question(self, reported: Collection[Path], asked: Set[Path]) -> list[Path]:
        """Return the files that may be within reach and have no module of their present content."""
        files = self._changed.union(reported, asked, self._reach.unsearched(self.files)) & self.files
        return [path for path in files if not self._is_up_to_date(path) and path not in self._problems]

    def _spelling(self) -> list[Module]:
        """Return the modules that have words which are new since they were last searched."""
        paths = self._reach.unsearched(self.project.paths) - self._changed
        modules = [module for path in paths if (module := self.project.at(path)) is not None]
        return [item for item in modules if self._reach.has_news(item.path, self.contents.read(item.path) or b"")]

    def _is_up_to_date(self, path: Path) -> bool:
        return path not in self._changed and self.project.at(path) is not None

    def _asked(self, reported: Collection[Path]) -> set[Path]:
        """Return the files into which coroutines of these files, and tasks, may lead."""
        state = (self.project.revision, frozenset(reported))
        if state != self._last_asked[0]:
            self._last_asked = (state, self._ask(reported))
        return self._last_asked[1]

    def _ask(self, reported: Collection[Path]) -> set[Path]:
        modules = [module for path in reported if (module := self.project.at(path)) is not None]
        depth = self.config.call_depth
        coroutines = [(module, item) for module in modules for item in module.summary.functions if item.is_async]
        follow(self.project, coroutines, depth)
        follow(self.project, ((task.module, task.function) for task in self.tasks), depth, through_awaits=True)
        for module in modules:
            ask_for_arguments(self.project, module)
        return {self._by_name[name] for name in self.project.asked & self._by_name.keys()}

    def _link(self, picked: Mapping[Path, Content], on_progress: OnProgress | None) -> int:
        """Make modules of these files, and return how many had to be analysed."""
        analysed = self.cache.learn(picked.values(), self.workers, on_progress)
        for path, content in picked.items():
            self._analyse(path, content)
            self._reach.forget(path)
        return analysed

    def _analyse(self, path: Path, content: Content) -> None:
        """Make a module of a file's content, if that can be done; the same summary is the same module."""
        found = self.cache.analysed(content)
        if isinstance(found, Problem):
            self._drop(path)
            self._problems[path] = found
            return
        self._changed.discard(path)
        module, before = Module(path, self._layout.module_name(path), found), self.project.at(path)
        if before is None or (before.name, before.summary) != (module.name, module.summary):
            self.project.put(module)
            self._forget_views()

    def _drop(self, path: Path) -> None:
        self._changed.discard(path)
        if self.project.at(path) is not None:
            self.project.drop(path)
            self._forget_views()

    def _look_again(self, path: Path) -> None:
        """Take in what a file's content may have become."""
        if not self.contents.refresh(path):
            return
        self._problems.pop(path, None)
        self._reach.forget(path)
        self._changed.add(path)
        is_there = path in self.contents.given or path.exists()
        if is_there == (path in self.files):
            return
        if is_there:
            self.files.add(path)
        else:
            self.files.discard(path)
            self._drop(path)
        self._rename()

    def _rename(self) -> None:
        """Name the modules anew: a file that has come or gone may have made packages of directories, or unmade them."""
        self.__dict__.pop("_by_name", None)
        self._last_asked = ((-1, frozenset()), set())
        self._layout = Layout(self.config, self.contents.given)
        for module in self.project.modules:
            name = self._layout.module_name(module.path)
            if name != module.name:
                self.project.put(Module(module.path, name, module.summary))
        self._forget_views()

    def _forget_views(self) -> None:
        self.__dict__.pop("views", None)

    @cached_property
    def _by_name(self) -> dict[str, Path]:
        return {name: path for path in sorted(self.files) for name in self._layout.module_name(path).candidates}


def _go_on(on_progress: OnProgress, before: int, done: int, total: int) -> None:
    on_progress(before + done, before + total)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Keep the cycle collector out of the way: trees are many small objects that it would walk again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
