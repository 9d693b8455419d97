"""`mog doctor`: what is wrong with the app and what it stands on, and what to do about it."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from mog_cli import output
from mog_cli.errors import CommandError, ExitCode
from mog_cli.options import AppOption, Json, Verbose

if TYPE_CHECKING:
    from mog import App
    from mog.config import AppConfig
    from mog.doctor import Finding

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}

SUBJECT_WIDTH = 10
"""Characters of the longest subject."""


def doctor(
    *,
    app: AppOption = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Read a SQLite file to its end for damage.")] = False,
    management: Annotated[
        str | None,
        typer.Option(metavar="URL", help="RabbitMQ's management plugin, as http://localhost:15672."),
    ] = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> int:
    """Look over the app and what it stands on; say what to do.

    Versions, settings, names and queues of tasks; the SQLite file, its disk and processes; or RabbitMQ and Redis. It
    changes nothing. The exit code is 0 if nothing fails, 1 if something does, 4 if a server or a store is out of reach.
    """
    import asyncio

    from mog.doctor import examine

    loaded, config, findings = load(app)
    for finding in findings:
        show(finding, as_json=as_json)

    async def look() -> None:
        if config is not None:
            async for finding in examine(config, loaded, thorough=thorough, management=management):
                findings.append(finding)
                show(finding, as_json=as_json)

    asyncio.run(look())
    conclude(findings)
    if any(finding.out_of_reach for finding in findings):
        return ExitCode.OUT_OF_REACH
    return ExitCode.FAILED if any(finding.level == "fail" for finding in findings) else ExitCode.DONE


def load(spec: str | None) -> tuple[App | None, AppConfig | None, list[Finding]]:
    """Return the app and its settings, as far as they can be had, and what kept them from that."""
    from mog.config import load_config
    from mog.doctor.findings import fail
    from mog.errors import ConfigError
    from mog_cli.app_loading import load_app

    try:
        loaded = load_app(spec)
    except CommandError as error:
        if error.detail:
            output.note(error.detail)
        found = [fail("app", error.message, error.hint or None)]
    else:
        return loaded, loaded.config, []
    try:
        return None, load_config(), found
    except ConfigError as error:
        return None, None, [*found, fail("settings", str(error))]


def show(finding: Finding, *, as_json: bool) -> None:
    """Print a finding on stdout."""
    if as_json:
        output.json_line(finding._asdict())
        return
    level = output.styled(f"{finding.level:4}", COLORS[finding.level], sys.stdout)
    output.data(f"{level}  {finding.subject:{SUBJECT_WIDTH}}  {finding.text}")
    if finding.remedy is not None:
        output.data(f"{'':{6 + SUBJECT_WIDTH}}  {output.styled('do:', 'bold', sys.stdout)} {finding.remedy}")


def conclude(findings: list[Finding]) -> None:
    """Say on a terminal how many there were."""
    counts = Counter(str(finding.level) for finding in findings)
    if output.is_terminal(sys.stderr):
        output.note(f"{counts['fail']} failures, {counts['warn']} warnings, {counts['ok']} in order")
