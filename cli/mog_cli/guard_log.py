"""What `mog run` prints of tasks that block the event loop: at once, and by call site at the end.

The guard's thread calls while the loop's thread may hold any lock: nothing here then imports anything, or waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from mog.worker.alarm import (  # noqa: TID253 - `mog run` alone imports this module
    LoopBlocked,
    LoopFreed,
    remedy,
    write_urgently,
)
from mog_cli.worker_log import WorkerLog
from mog_lint.blocking import Kind, Knowledge, knowledge  # noqa: TID253 - `mog run` alone imports this module
from mog_lint.config import load_config  # noqa: TID253 - `mog run` alone imports this module
from mog_lint.errors import LintError  # noqa: TID253 - `mog run` alone imports this module

RULES = {Kind.CALL: "MOG201", Kind.FILE: "MOG202", Kind.WAIT: "MOG204", Kind.LOOP: "MOG207"}
IN_HELPER = "MOG203"
"""The linter's rules that look for such calls: in a coroutine itself, or in what it calls."""

SITES = 20
"""Call sites that are told of at the end; of more than that, the worst."""


class Site(NamedTuple):
    """What blocked the loop where: a call, if one is to blame, and the rule that looks for it."""

    call: str | None
    place: str | None
    rule: str | None


@dataclass
class Total:
    """How often, and for how many seconds, a site has blocked the loop, and in which tasks."""

    times: int = 0
    seconds: float = 0.0
    tasks: set[str] = field(default_factory=set)


class GuardLog:
    """Prints what a guard tells, in the form of the log, with what the linter knows of it."""

    def __init__(self, log: WorkerLog) -> None:
        self._log = log
        self._totals: dict[Site, Total] = {}

    @cached_property
    def _known(self) -> Knowledge:
        """The linter's list of blocking calls, with what the project adds; a wrong setting is the linter's to tell."""
        try:
            config = load_config(Path.cwd())
        except (LintError, OSError):
            return knowledge()
        return knowledge(config.blocking_calls, config.non_blocking_calls)

    def alarm(self, news: LoopBlocked | LoopFreed) -> None:
        """Print the news, past all buffers and locks; on the guard's thread."""
        if isinstance(news, LoopBlocked):
            self._tell_blocked(news)
        else:
            self._tell_freed(news)

    def tell_totals(self) -> None:
        """Print which sites have blocked the loop, the worst first; on the main thread."""
        worst = sorted(self._totals.items(), key=lambda item: item[1].seconds, reverse=True)
        for site, total in worst[:SITES]:
            tasks = tuple(sorted(total.tasks))
            times = "once" if total.times == 1 else f"{total.times} times"
            where = f" at {site.place}" if site.place else ""
            call = f" in {site.call}" if site.call else ""
            rule = f" ({site.rule})" if site.rule else ""
            text = (
                f"blocked the event loop {times}, {total.seconds:.1f} s in all: {', '.join(tasks)}{call}{where}{rule}"
            )
            numbers = {"times": total.times, "seconds": total.seconds}
            self._log.line("warning", text, event="loop-blocked-total", **numbers, tasks=tasks, **site._asdict())

    def _tell_blocked(self, news: LoopBlocked) -> None:
        site, instead = self._judge(news)
        if site.call is not None:
            news = news.with_call(site.call)
        todo = f"use {instead} instead (mog explain {site.rule})" if site.rule else remedy(news.manner)
        text = "\n".join(filter(None, [news.text, news.culprit.stack, f"  {todo}" if todo else ""]))
        told = {"seconds": news.seconds, "manner": str(news.manner), "unready": news.unready or None}
        self._print(
            text, event="loop-blocked", **told, **named(news), **site._asdict(), todo=todo, stack=news.culprit.stack
        )

    def _tell_freed(self, news: LoopFreed) -> None:
        blocked = news.blocked
        if blocked is None:
            self._print(news.text, event="loop-freed", seconds=news.seconds)
            return
        site, _ = self._judge(blocked)
        total = self._totals.setdefault(site, Total())
        total.times += 1
        total.seconds += news.seconds
        total.tasks.add(blocked.culprit.activity if blocked.culprit.run is None else blocked.culprit.run.name)
        self._print(news.text, event="loop-freed", seconds=news.seconds, **named(blocked), **site._asdict())

    def _judge(self, blocked: LoopBlocked) -> tuple[Site, str]:
        """Return where the loop was blocked by what, and what to use instead; "" where nothing is known of the call."""
        culprit, calls = blocked.culprit, blocked.calls
        place = None if culprit.place is None else str(culprit.place)
        for name in () if culprit.in_thread else calls:  # a thread may block
            found = self._known.find(name)
            if found is not None:
                rule = IN_HELPER if culprit.in_helper else RULES[found.kind]
                return Site(found.title, place, rule), found.instead
        return Site(calls[0] if calls else None, place, None), ""

    def _print(self, text: str, **fields: Any) -> None:
        line = self._log.formed("warning", text, fields)
        if line is not None:
            write_urgently(line)


def named(blocked: LoopBlocked) -> dict[str, str | None]:
    """Return what programs are told of the task that blocks."""
    run = blocked.culprit.run
    return {"task": blocked.culprit.activity} if run is None else {"task": run.name, "id": str(run.id)}
