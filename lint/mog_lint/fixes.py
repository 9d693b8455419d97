"""Applies fixes: all edits of a fix or none, never two that touch the same text, never to a file that has changed.

The text is edited in place, so encoding, byte order mark, line ends and everything between the edits stay as they are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from mog_lint.cache import OnProgress
from mog_lint.config import LintConfig
from mog_lint.engine import lint_paths
from mog_lint.errors import FixError
from mog_lint.files import replace_file
from mog_lint.findings import Applicability, Edit, Finding, Fix
from mog_lint.model.source import LINE_END, Problem, Source, read_source

MAX_ROUNDS = 10  # fixes that touch the same text take turns; more turns than that are a mistake of a rule


@dataclass(frozen=True)
class FixedFile:
    """A file before and after its fixes; `applied` are the findings that were mended."""

    path: Path
    before: bytes
    after: bytes
    applied: tuple[Finding, ...]

    def write(self) -> None:
        """Replace the file at once: whoever reads it sees the old content or the new.

        Raises FixError where it cannot be written, or has changed since it was linted; it is then as it was.
        """
        try:
            if self.path.read_bytes() != self.before:
                raise FixError(f"{self.path} has changed while it was linted; nothing was written to it, run again")
            target = self.path.resolve()
            replace_file(target, self.after, target.stat().st_mode)
        except OSError as error:
            raise FixError(f"{self.path} cannot be written: {error.strerror}") from error

    def diff(self, base: Path) -> str:
        """Return a unified diff, its paths relative to `base` where they lie below it."""
        name = (self.path.relative_to(base) if base in self.path.parents else self.path).as_posix()
        before, after = _lines(self.before), _lines(self.after)
        return "".join(_ended(line) for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"))


@dataclass(frozen=True)
class FixOutcome:
    """What `fix_paths` would write, and what it leaves to the user."""

    files: tuple[FixedFile, ...]
    remaining: tuple[Finding, ...]


def fix_paths(
    paths: Iterable[Path],
    config: LintConfig,
    *,
    unsafe: bool = False,
    use_cache: bool = True,
    jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> FixOutcome:
    """Lint and fix in turns until nothing is left to fix. Nothing is written: that is `FixedFile.write`.

    `unsafe` includes fixes that need a look; `use_cache`, `jobs` and `on_progress` are those of `lint_paths`. Raises
    what `lint_paths` raises, and FixError for a file that has gone meanwhile.
    """
    look = partial(lint_paths, list(paths), config, use_cache=use_cache, jobs=jobs, on_progress=on_progress)
    fixed: dict[Path, FixedFile] = {}
    findings = list(look())
    for _ in range(MAX_ROUNDS):
        if not _fix_round(findings, fixed, unsafe=unsafe):
            break
        overrides = {path: file.after for path, file in fixed.items()}
        findings = list(look(overrides=overrides))
    return FixOutcome(tuple(fixed.values()), tuple(findings))


def _fix_round(findings: Iterable[Finding], fixed: dict[Path, FixedFile], *, unsafe: bool) -> bool:
    """Apply what can be applied together on top of what is `fixed`, and say whether there was anything."""
    progress = False
    for filename, group in groupby(findings, key=lambda finding: finding.filename):
        path = Path(filename)
        fixable = [finding for finding in group if finding.fix is not None]
        if not fixable:
            continue
        so_far = fixed.get(path) or _unfixed(path)
        after, applied = apply_fixes(so_far.after, fixable, unsafe=unsafe)
        if applied:
            fixed[path] = FixedFile(path, so_far.before, after, so_far.applied + applied)
            progress = True
    return progress


def _unfixed(path: Path) -> FixedFile:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FixError(f"{path} cannot be read any more: {error.strerror}") from error
    return FixedFile(path, data, data, ())


def apply_fixes(data: bytes, findings: Iterable[Finding], *, unsafe: bool = False) -> tuple[bytes, tuple[Finding, ...]]:
    """Apply the fixes of one file's findings to its content; return the new content and the findings mended.

    A fix whose edits touch those of an earlier one waits for the next round; one made for another content is left out.
    """
    source = read_source(data)
    if isinstance(source, Problem):
        return data, ()
    edits: list[Edit] = []
    applied: list[Finding] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or not _fits(fix, source) or not (unsafe or fix.applicability is Applicability.SAFE):
            continue
        new = [edit for edit in fix.edits if edit not in edits]  # an import that two fixes need is added once
        if not any(_touch(edit, other) for edit in new for other in edits):
            edits += new
            applied.append(finding)
    return (source.encode(_edited(source.text, edits)), tuple(applied)) if applied else (data, ())


def _fits(fix: Fix, source: Source) -> bool:
    """Say whether a fix was made for this very content, and can be written in its encoding."""
    if fix.source_digest != source.digest:
        return False
    try:
        source.encode("".join(edit.content for edit in fix.edits))
    except UnicodeEncodeError:
        return False
    return True


def _touch(one: Edit, other: Edit) -> bool:
    return one.start <= other.end and other.start <= one.end


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.content + text[edit.end :]
    return text


def _lines(data: bytes) -> list[str]:
    """Split as Python's tokeniser does, ends kept; a patch must show a CR that is there."""
    source = read_source(data)
    assert isinstance(source, Source), "what has been fixed has been read before"
    starts = source.line_starts
    return [
        source.text[start:end]
        for start, end in zip(starts, [*starts[1:], len(source.text)], strict=True)
        if start < end
    ]


def _ended(line: str) -> str:
    return line if LINE_END.search(line) else f"{line}\n\\ No newline at end of file\n"
