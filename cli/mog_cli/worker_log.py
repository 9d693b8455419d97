"""What `mog run` prints: a line per task for people, or key=value and JSON lines for programs.

Lines of the `logging` module take the same form, unless the application has set up handlers of its own.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from mog.states import ResultState  # noqa: TID253 - `mog run` alone imports this module
from mog.worker.events import (  # noqa: TID253 - `mog run` alone imports this module
    Event,
    TaskEnded,
    TaskStarted,
    WorkerStarted,
    WorkerStopping,
)
from mog_cli import output
from mog_cli.rendering import short_length

Fields = Mapping[str, Any]

PLAIN = re.compile(r'[^\s"=\x00-\x1f]+')


def as_text(level: str, text: str, _fields: Fields) -> str:
    """Form a line for people: when, and what."""
    color = {"warning": "yellow", "error": "red", "critical": "red"}.get(level)
    shown = output.styled(text, color) if color else text
    return f"{output.styled(time.strftime('%H:%M:%S'), 'dim')} {shown}"


def as_logfmt(level: str, _text: str, fields: Fields) -> str:
    """Form a line of key=value pairs; what holds a blank, a quote or an equals sign stands in quotes."""
    pairs = {"time": now(), "level": level, **fields}
    return " ".join(f"{key}={quoted(value)}" for key, value in pairs.items() if value is not None)


def as_json(level: str, _text: str, fields: Fields) -> str:
    """Form a line of JSON."""
    pairs = {"time": now(), "level": level, **fields}
    return json.dumps(
        {key: value for key, value in pairs.items() if value is not None}, ensure_ascii=False, default=str
    )


def now() -> str:
    """Return the time in ISO 8601, in UTC: logs of several machines are read together."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def quoted(value: Any) -> str:
    """Write a value of logfmt."""
    text = f"{value:.6f}" if isinstance(value, float) else ",".join(value) if isinstance(value, tuple) else str(value)
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


FORMATS: dict[str, Callable[[str, str, Fields], str]] = {"text": as_text, "logfmt": as_logfmt, "json": as_json}

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Those of the `logging` module, from all to almost nothing."""


class WorkerLog(logging.Handler):
    """Prints what the worker and the `logging` module have to say, each a line on stderr."""

    def __init__(self, form: Callable[[str, str, Fields], str], least: str = "", process: int | None = None) -> None:
        super().__init__()
        self._form = form
        self._least = least
        self._process = process

    @classmethod
    def of_format(cls, name: str | None, *, level: str | None = None, process: int | None = None) -> WorkerLog:
        """Make one of a named format; without a name, text on a terminal and logfmt elsewhere.

        Lines below ``level`` are not printed. ``process`` tells which of several processes prints. Raises BadParameter.
        """
        if level is not None and level not in LEVELS:
            raise typer.BadParameter(f"{level!r} is none of {', '.join(LEVELS)}", param_hint="--log-level")
        name = name or ("text" if output.is_terminal(sys.stderr) else "logfmt")
        if name not in FORMATS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMATS)}", param_hint="--log-format")
        return cls(FORMATS[name], level or "", process)

    def set_up_logging(self) -> None:
        """Take what is logged, and warnings, unless the application has set up logging itself."""
        root = logging.getLogger()
        if not root.handlers:
            root.addHandler(self)
            root.setLevel((self._least or "info").upper())
            logging.captureWarnings(True)
        elif self._least:  # its own handlers, but the level that was asked for
            root.setLevel(self._least.upper())

    def line(self, level: str, text: str, **fields: Any) -> None:
        """Print one line: the text for people, the fields for programs."""
        formed = self.formed(level, text, fields)
        if formed is not None:
            output.note(formed)

    def formed(self, level: str, text: str, fields: Fields) -> str | None:
        """Return a line in the form of this log, None where its level is not printed."""
        if LEVELS.get(level, 0) < LEVELS.get(self._least, 0):
            return None
        if self._process is not None:
            text, fields = f"[{self._process}] {text}", {**fields, "process": self._process}
        return self._form(level, text, fields)

    def emit(self, record: logging.LogRecord) -> None:
        """Print what the `logging` module hands over."""
        try:
            message = record.getMessage()
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip() if record.exc_info else None
            text = f"{record.name}: {message}" + (f"\n{trace}" if trace else "")
            level = record.levelname.lower()
            self.line(level, text, event="log", logger=record.name, message=message, traceback=trace)
        except Exception:  # noqa: BLE001 - a handler must not raise; this shows the fault as logging does
            self.handleError(record)

    def show(self, event: Event) -> None:
        """Print what the worker tells."""
        match event:
            case TaskEnded():
                self._show_end(event)
            case WorkerStarted(queues, concurrency):
                text = f"ready: {concurrency} at a time from {', '.join(queues)}; Ctrl-C stops"
                self.line("info", text, event="worker-started", queues=queues, concurrency=concurrency)
            case WorkerStopping(running, grace):
                left = f"{running} running tasks have {grace:g} s; again: stop at once" if running else "nothing runs"
                self.line("info", f"stopping: {left}", event="worker-stopping", running=running, grace=grace)
            case TaskStarted():
                pass  # its end says all, and one line per task is enough

    def _show_end(self, ended: TaskEnded) -> None:
        state = output.styled(f"{ended.state:9}", output.STATE_COLORS[ended.state])
        again = f", again in {ended.delay:g} s" if ended.delay else ""
        why = f"  {ended.error}" if ended.error else ""
        length = short_length(timedelta(seconds=ended.duration))
        self.line(
            "error" if ended.state is ResultState.FAILURE else "info",
            f"{state} {ended.name}  {length}{again}  {ended.id}{why}",
            event="task-ended",
            task=ended.name,
            id=str(ended.id),
            state=str(ended.state),
            duration=ended.duration,
            delay=ended.delay,
            error=ended.error,
        )
