"""Files to findings.

1. `discovery` lists the project's files, which are analysed, and the named ones, which are reported.
2. The `reach`, a search in the bytes, picks the files in which tasks or coroutines can be, and their calls lead to
   further ones; the rest is only checked for syntax.
3. `analysis` reduces each of them to a summary, or the cache knows it; `model.project` links the summaries.
4. Each rule reads summaries and yields reports.
5. `placing` finds out where reports stand and what their fixes write, which takes the tree once more where the
   analysis did not foresee it; suppressions are applied; findings come out.

Steps 2 to 5 are a `session.Session`, which also serves programs that stay: it holds the linked project, accepts
`update(path, data)`, `reload(path)` and `rescan()`, relinks what that concerns and yields `findings(paths)`. The
functions here make a session for a single look, unless the same look is known from before (`runs`). Everything is a
generator and prints nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mog_lint.config import LintConfig
from mog_lint.contents import Contents
from mog_lint.discovery import discover
from mog_lint.findings import Finding
from mog_lint.model.layout import Layout
from mog_lint.runs import Runs, run_key

if TYPE_CHECKING:
    from mog_lint.cache import OnProgress
    from mog_lint.session import Session

OnSkip = Callable[[Path, str], None]


def lint_paths(
    paths: Iterable[Path],
    config: LintConfig,
    *,
    on_skip: OnSkip | None = None,
    on_progress: OnProgress | None = None,
    overrides: Mapping[Path, bytes] | None = None,
    use_cache: bool = True,
    jobs: int = 1,
) -> Iterator[Finding]:
    """Yield the findings of the named files and directories, or of the whole project, in the order of files and lines.

    The named paths are what is reported; the whole project is analysed. `on_skip` is told of files that were left out,
    and why; `on_progress` how many files have been analysed of how many that are to be, which may become more.
    `overrides` are contents that count instead of those on disk, by absolute path. With `jobs` above 1 that many
    processes are started where there is much to parse, which needs a main module that can be imported without harm.

    Raises PathError for a path that does not exist and ConfigError for a rule that does not.
    """
    named = list(paths)
    wanted = discover(named, config)
    if on_skip is not None:
        for path, reason in wanted.skipped.items():
            on_skip(path, reason)
    files = _surroundings(wanted.files, config) if named else wanted.files
    contents = Contents(dict(overrides or {}))
    look = _Look(config, wanted.files, [*files, *contents.given], contents)
    yield from look.findings(use_cache=use_cache and config.has_project, jobs=jobs, on_progress=on_progress)


def lint_source(data: bytes, filename: Path, config: LintConfig, *, use_cache: bool = True) -> Iterator[Finding]:
    """Yield the findings of a text as if it were the content of this file, which need not exist."""
    path = Path(os.path.abspath(filename))  # noqa: PTH100 - resolve() would follow links: files keep their names
    look = _Look(config, [path], [*_surroundings([path], config), path], Contents({path: data}))
    yield from look.findings(use_cache=use_cache and config.has_project)


@dataclass(frozen=True)
class _Look:
    """A single look at `files`, for findings in the `reported` ones."""

    config: LintConfig
    reported: Sequence[Path]
    files: Sequence[Path]
    contents: Contents

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.config, self.contents.given)

    def findings(self, *, use_cache: bool, jobs: int = 1, on_progress: OnProgress | None = None) -> Iterator[Finding]:
        if not use_cache:
            yield from self._session(jobs, use_cache=False).findings(self.reported, on_progress)
            return
        runs = Runs(self.config.root)
        key = self._key()
        known = runs.recall(key)
        if known is None:
            session = self._session(jobs, use_cache=True)
            known = list(session.findings(self.reported, on_progress))
            session.save()
            runs.note(key, known)
        yield from known

    def _session(self, jobs: int, *, use_cache: bool) -> Session:
        from mog_lint.session import Session  # noqa: PLC0415 - takes 0.05 s, and what is known needs none of it

        return Session(
            self.config, files=self.files, contents=self.contents, layout=self.layout, use_cache=use_cache, jobs=jobs
        )

    def _key(self) -> str:
        files = {path: (self.contents.get(path), self.layout.module_name(path)) for path in self.files}
        return run_key(self.config, self.reported, files)


def _surroundings(files: Iterable[Path], config: LintConfig) -> list[Path]:
    """Return all files to analyse: the project's, or without a pyproject.toml those beside the reported ones."""
    if config.has_project:
        return discover((), config).files
    directories = {path.parent for path in files}
    return [path for directory in sorted(directories) if directory.is_dir() for path in sorted(directory.glob("*.py"))]
