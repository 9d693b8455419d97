"""`mog lint`: what blocks, loses or repeats tasks, found in the source."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mog_cli import output
from mog_cli.counting import late_counter
from mog_cli.errors import ExitCode
from mog_cli.options import Verbose

if TYPE_CHECKING:
    from mog_lint.cache import OnProgress
    from mog_lint.config import LintConfig
    from mog_lint.findings import Finding, Severity
    from mog_lint.fixes import FixedFile

STDIN = "-"
PEOPLES_FORMATS = ("full", "concise")


Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Files and directories, - for stdin; else the project.")
]
Fix = Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")]
UnsafeFixes = Annotated[bool, typer.Option("--unsafe-fixes", help="Mend what needs a look, too.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")]
ShowFixes = Annotated[bool, typer.Option("--show-fixes", help="List what --fix has mended.")]
Select = Annotated[list[str] | None, typer.Option(metavar="RULES", help="These alone, such as MOG101,MOG2.")]
ExtendSelect = Annotated[list[str] | None, typer.Option(metavar="RULES", help="These as well.")]
Ignore = Annotated[list[str] | None, typer.Option(metavar="RULES", help="Not these.")]
Config = Annotated[str | None, typer.Option(metavar="FILE", help="A pyproject.toml other than the nearest.")]
Format = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="The report: full, concise, json, json-lines, github.")
]
Output = Annotated[str | None, typer.Option("--output", metavar="FILE", help="Where the report goes.")]
FailOn = Annotated[
    str, typer.Option(metavar="SEVERITY", help="From where findings make the exit code 1: error, warning, info.")
]
StdinFilename = Annotated[str, typer.Option(metavar="FILE", help="The name of what is on stdin.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write what earlier runs have found.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Count the findings of each rule.")]


def lint(
    paths: Paths = None,
    *,
    fix: Fix = False,
    unsafe_fixes: UnsafeFixes = False,
    diff: Diff = False,
    show_fixes: ShowFixes = False,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    config: Config = None,
    report_format: Format = "full",
    report_file: Output = None,
    fail_on: FailOn = "warning",
    stdin_filename: StdinFilename = "stdin.py",
    no_cache: NoCache = False,
    statistics: Statistics = False,
    _verbose: Verbose = False,
) -> int:
    """Check the source of tasks.

    Exit code 0: nothing found; 1: findings; 2: wrong use.
    """
    named = check_use(paths or [], changes=fix or diff, unsafe=unsafe_fixes, show=show_fixes and not fix)
    threshold = parse_severity(fail_on)

    from mog_lint.findings import exit_code
    from mog_lint.formats import Style, find_format

    render = find_format(report_format)
    start = stdin_filename if named == [STDIN] else next(iter(named), ".")
    settings = read_settings(start, config, {"select": select, "extend_select": extend_select, "ignore": ignore})
    with late_counter("linting") as tell:
        if fix or diff:
            fixed, findings = mend(named, settings, tell, unsafe=unsafe_fixes, use_cache=not no_cache)
        else:
            fixed, findings = (), look(named, settings, tell, stdin_filename, use_cache=not no_cache)
    if diff:
        show_diffs(fixed)
        return ExitCode.FAILED if fixed else exit_code(findings, threshold)
    write(fixed, show=show_fixes)
    style = Style(Path.cwd(), color=report_file is None and output.has_colors(sys.stdout))
    save(statistics_lines(findings) if statistics else render(findings, style), report_file)
    if report_format in PEOPLES_FORMATS:
        summarise(findings, fixed)
    return exit_code(findings, threshold)


def check_use(paths: list[str], *, changes: bool, unsafe: bool, show: bool) -> list[str]:
    """Return the paths, if they and the options go together."""
    if STDIN in paths and len(paths) > 1:
        raise typer.BadParameter("- stands alone, without other paths", param_hint="PATH")
    if STDIN in paths and changes:
        raise typer.BadParameter("--fix and --diff want files; stdin is none")
    if unsafe and not changes:
        raise typer.BadParameter("goes with --fix or --diff", param_hint="--unsafe-fixes")
    if show:
        raise typer.BadParameter("goes with --fix", param_hint="--show-fixes")
    return paths


def parse_severity(text: str) -> Severity:
    """Read the name of a severity."""
    from mog_lint.findings import Severity

    try:
        return Severity[text.upper()]
    except KeyError:
        known = ", ".join(map(str, Severity))
        raise typer.BadParameter(f"{text!r} is none of {known}", param_hint="--fail-on") from None


def read_settings(start: str, config: str | None, rules: dict[str, list[str] | None]) -> LintConfig:
    """Read the configuration, with the rules that the command line names in the place of its own."""
    from dataclasses import replace

    from mog_lint.config import load_config, read_config

    settings = load_config(Path(start)) if config is None else read_config(Path(config).absolute())
    chosen: dict[str, Any] = {
        key: tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
        for key, texts in rules.items()
        if texts is not None
    }
    return replace(settings, **chosen)


def mend(
    named: Sequence[str], settings: LintConfig, tell: OnProgress, *, unsafe: bool, use_cache: bool
) -> tuple[Sequence[FixedFile], Sequence[Finding]]:
    """Lint, and return the mended files, of which nothing is written yet, and what is left."""
    from mog_lint.fixes import fix_paths

    paths, jobs = [Path(name) for name in named], os.cpu_count() or 1
    outcome = fix_paths(paths, settings, unsafe=unsafe, use_cache=use_cache, jobs=jobs, on_progress=tell)
    return outcome.files, outcome.remaining


def look(
    named: Sequence[str], settings: LintConfig, tell: OnProgress, stdin_filename: str, *, use_cache: bool
) -> Sequence[Finding]:
    """Lint files, or stdin, and tell of named files that were left out."""
    from mog_lint.engine import lint_paths, lint_source

    if list(named) == [STDIN]:
        return list(lint_source(sys.stdin.buffer.read(), Path(stdin_filename), settings, use_cache=use_cache))
    given = {os.path.abspath(name) for name in named}  # noqa: PTH100 - the linter, too, does not follow links
    skipped: dict[Path, str] = {}
    paths, jobs, on_skip = [Path(name) for name in named], os.cpu_count() or 1, skipped.__setitem__
    findings = list(lint_paths(paths, settings, on_skip=on_skip, on_progress=tell, use_cache=use_cache, jobs=jobs))
    for path, reason in skipped.items():
        if str(path) in given:
            output.warning(f"{os.path.relpath(path)} is left out: {reason}")
    return findings


def show_diffs(fixed: Sequence[FixedFile]) -> None:
    """Print what would change."""
    for file in fixed:
        output.text(file.diff(Path.cwd()))
    output.note(f"{count(sum(len(file.applied) for file in fixed), 'finding')} would be mended; nothing was changed")


def write(fixed: Sequence[FixedFile], *, show: bool) -> None:
    """Write the mended files, and list what was mended if that is wanted."""
    for file in fixed:
        file.write()
        for finding in file.applied if show else ():
            place = f"{os.path.relpath(file.path)}:{finding.location.row}:{finding.location.column}"
            output.note(f"mended {place}: {finding.code} {finding.message}")


def save(report: Iterable[str], file: str | None) -> None:
    """Write the report to the file, or print it."""
    if file is None:
        for piece in report:
            output.text(piece)
        return
    with Path(file).open("w", encoding="utf-8", errors=output.UNENCODABLE) as destination:
        destination.writelines(report)


def statistics_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each rule, the most frequent first: how often, the rule, how many can be mended."""
    counts = Counter((finding.code, finding.name) for finding in findings)
    for (code, name), number in counts.most_common():
        fixable = sum(finding.code == code and finding.fix is not None for finding in findings)
        yield f"{number:6}  {code}  {name}" + (f"  ({fixable} can be mended)" if fixable else "") + "\n"


def summarise(findings: Sequence[Finding], fixed: Sequence[FixedFile]) -> None:
    """Print the last line for people, on stderr."""
    mended = sum(len(file.applied) for file in fixed)
    fixable = sum(finding.fix is not None for finding in findings)
    parts = [f"{count(mended, 'finding')} mended"] if mended else []
    parts.append(count(len(findings), "finding") if findings or not mended else "none left")
    if fixable:
        parts.append(f"{fixable} can be mended: mog lint --fix, --unsafe-fixes, or --diff to look first")
    output.note("; ".join(parts))


def count(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"
