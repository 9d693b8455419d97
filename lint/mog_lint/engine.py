"""Files to findings.

1. `discovery` lists the project's files, which are analysed, and the named ones, which are reported.
2. The reach, a search in the bytes, picks the files in which tasks or coroutines can be, and their calls lead to
   further ones; the rest is only checked for syntax.
3. `analysis` reduces each of them to a summary, or the cache knows it; `model.project` links the summaries.
4. Each rule reads summaries and yields reports.
5. Files with reports are parsed once more to find where these stand; suppressions are applied; findings come out.

Everything is a generator and prints nothing.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mog_lint.blocking import knowledge
from mog_lint.cache import Cache
from mog_lint.config import LintConfig
from mog_lint.discovery import discover
from mog_lint.findings import Finding
from mog_lint.model.coroutines import Coroutines
from mog_lint.model.layout import Layout
from mog_lint.model.project import Module, Project
from mog_lint.model.source import Problem
from mog_lint.model.summary import Summary
from mog_lint.model.tasks import Tasks
from mog_lint.reach import Reach, called_modules
from mog_lint.reporting import SYNTAX_ERROR, findings_of, problem_finding
from mog_lint.selection import Selection

OnSkip = Callable[[Path, str], None]


def lint_paths(
    paths: Iterable[Path],
    config: LintConfig,
    *,
    on_skip: OnSkip | None = None,
    overrides: Mapping[Path, bytes] | None = None,
    use_cache: bool = True,
    jobs: int = 1,
) -> Iterator[Finding]:
    """Yield the findings of the named files and directories, or of the whole project, in the order of files and lines.

    The named paths are what is reported; the whole project is analysed. `on_skip` is told of files that were left out,
    and why; `overrides` are contents that count instead of those on disk, by absolute path. With
    `jobs` above 1 that many processes are started where there is much to parse, which needs a main module that can be
    imported without harm.

    Raises PathError for a path that does not exist and ConfigError for a rule that does not.
    """
    named = list(paths)
    selection = Selection(config)
    wanted = discover(named, config)
    if on_skip is not None:
        for path, reason in wanted.skipped.items():
            on_skip(path, reason)
    surroundings = _surroundings(wanted.files, config) if named else wanted.files
    run = _Run(config, selection, frozenset(wanted.files), overrides or {}, _cache(config, use_cache=use_cache), jobs)
    yield from run.findings(surroundings)


def lint_source(data: bytes, filename: Path, config: LintConfig, *, use_cache: bool = True) -> Iterator[Finding]:
    """Yield the findings of a text as if it were the content of this file, which need not exist."""
    path = Path(os.path.abspath(filename))  # noqa: PTH100 - resolve() would follow links: files keep their names
    cache = _cache(config, use_cache=use_cache)
    run = _Run(config, Selection(config), frozenset([path]), {path: data}, cache)
    yield from run.findings(_surroundings([path], config))


def _cache(config: LintConfig, *, use_cache: bool) -> Cache:
    return Cache.of_project(config.root) if use_cache and config.has_project else Cache()


def _surroundings(files: Iterable[Path], config: LintConfig) -> list[Path]:
    """Return all files to analyse: the project's, or without a pyproject.toml those beside the reported ones."""
    if config.has_project:
        return discover((), config).files
    directories = {path.parent for path in files}
    return [path for directory in sorted(directories) if directory.is_dir() for path in sorted(directory.glob("*.py"))]


@dataclass
class _Run:
    """One look at the project: `reported` are the files of which findings are wanted."""

    config: LintConfig
    selection: Selection
    reported: frozenset[Path]
    overrides: Mapping[Path, bytes]
    cache: Cache
    jobs: int = 1
    contents: dict[Path, bytes | None] = field(default_factory=dict)  # read once, so that all steps see the same
    problems: dict[Path, Problem] = field(default_factory=dict)

    def findings(self, surroundings: Iterable[Path]) -> Iterator[Finding]:
        with _collector_off():
            project = self.analyse(self.reported.union(surroundings))
        self.cache.save()
        modules = {module.path: module for module in project.modules}
        tasks = Tasks(project, frozenset(self.config.task_decorators))
        known = knowledge(self.config.blocking_calls, self.config.non_blocking_calls)
        coroutines = Coroutines(project, known, frozenset(self.config.offload_functions))
        for path in sorted(self.reported):
            rules = self.selection.rules_for(path)
            if path in modules:
                yield from findings_of(modules[path], tasks, coroutines, rules, self.read)
            elif path in self.problems and any(rule.code == SYNTAX_ERROR for rule in rules):
                yield problem_finding(path, self.problems[path], self.read(path) or b"")

    def analyse(self, files: Iterable[Path]) -> Project:
        """Analyse the files within reach, round by round, and link their summaries; check the rest for syntax."""
        layout = Layout(self.config)
        reach = Reach(self.config.task_decorators)
        waiting = set(files)
        modules: list[Module] = []
        by_name = {name: path for path in waiting for name in layout.module_name(path).candidates}
        called: set[Path] = set()
        while picked := self.summaries(waiting, reach, called):
            waiting -= picked.keys()
            new = [Module(path, layout.module_name(path), summary) for path, summary in picked.items()]
            modules += new
            spelling = [module for module in modules if reach.spells(self.read(module.path) or b"")]
            reach.extend(Project(tuple(modules)), spelling)
            called = {by_name[name] for module in new for name in called_modules(module) if name in by_name}
        for path in waiting & self.reported:
            data = self.read(path)
            problem = None if data is None else self.cache.syntax_problem(data)
            if problem is not None:
                self.problems[path] = problem
        return Project(tuple(sorted(modules, key=lambda module: module.path)))

    def summaries(self, waiting: Iterable[Path], reach: Reach, called: Container[Path]) -> dict[Path, Summary]:
        """Return the summaries of those waiting files that are within reach or called; what has a problem has none."""
        picked = {
            path: data
            for path in sorted(waiting)
            if (data := self.read(path)) is not None
            and path not in self.problems
            and (path in called or reach.touches(data))
        }
        self.cache.learn(picked.values(), self.jobs)
        known = {path: self.cache.analysed(data) for path, data in picked.items()}
        self.problems.update((path, item) for path, item in known.items() if isinstance(item, Problem))
        return {path: item for path, item in known.items() if isinstance(item, Summary)}

    def read(self, path: Path) -> bytes | None:
        """Return a file's content, or None and note the problem."""
        if path not in self.contents:
            self.contents[path] = self._content(path)
        return self.contents[path]

    def _content(self, path: Path) -> bytes | None:
        if path in self.overrides:
            return self.overrides[path]
        try:
            return path.read_bytes()
        except OSError as error:
            self.problems[path] = Problem(f"cannot be read: {error.strerror}")
            return None


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
