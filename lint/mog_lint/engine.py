"""Files to findings.

1. `discovery` lists the project's files, which are analysed, and the named ones, which are reported.
2. The `reach`, a search in the bytes, picks the files in which tasks or coroutines can be, and their calls lead to
   further ones; the rest is only checked for syntax.
3. `analysis` reduces each of them to a summary, or the cache knows it; `model.project` links the summaries.
4. Each rule reads summaries and yields reports.
5. Files with reports are parsed once more to find where these stand; suppressions are applied; findings come out.

Steps 2 to 5 are a `session.Session`, which also serves programs that stay: it holds the linked project, accepts
`update(path, data)`, `reload(path)` and `rescan()`, relinks what that concerns and yields `findings(paths)`. The
functions here make a session for a single look. Everything is a generator and prints nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mog_lint.config import LintConfig
from mog_lint.discovery import discover
from mog_lint.findings import Finding
from mog_lint.session import Session

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
    wanted = discover(named, config)
    if on_skip is not None:
        for path, reason in wanted.skipped.items():
            on_skip(path, reason)
    files = _surroundings(wanted.files, config) if named else wanted.files
    session = Session(config, files=files, use_cache=use_cache, jobs=jobs)
    for path, data in (overrides or {}).items():
        session.update(path, data)
    yield from session.findings(wanted.files)
    session.save()


def lint_source(data: bytes, filename: Path, config: LintConfig, *, use_cache: bool = True) -> Iterator[Finding]:
    """Yield the findings of a text as if it were the content of this file, which need not exist."""
    path = Path(os.path.abspath(filename))  # noqa: PTH100 - resolve() would follow links: files keep their names
    session = Session(config, files=_surroundings([path], config), use_cache=use_cache)
    session.update(path, data)
    yield from session.findings([path])
    session.save()


def _surroundings(files: Iterable[Path], config: LintConfig) -> list[Path]:
    """Return all files to analyse: the project's, or without a pyproject.toml those beside the reported ones."""
    if config.has_project:
        return discover((), config).files
    directories = {path.parent for path in files}
    return [path for directory in sorted(directories) if directory.is_dir() for path in sorted(directory.glob("*.py"))]
