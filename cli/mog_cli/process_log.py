"""What `mog run` prints of a supervisor and its processes."""

from __future__ import annotations

import os
import signal

from mog.worker.process_events import (  # noqa: TID253 - `mog run` alone imports this module
    GaveUp,
    ProcessDied,
    ProcessEvent,
    ProcessKilled,
    ProcessReplaced,
    SourcesChanged,
    SupervisorStarted,
    SupervisorStopping,
    WaitingForChange,
)
from mog_cli.worker_log import WorkerLog

SHOWN = 3
"""Changed files that are named; a checkout may change hundreds."""


class ProcessLog:
    """Prints a line for each thing that a supervisor tells."""

    def __init__(self, log: WorkerLog) -> None:
        self._line = log.line

    def show(self, event: ProcessEvent) -> None:
        """Print it."""
        match event:
            case SupervisorStarted(processes, health):
                text = f"supervising {counted(processes)}; Ctrl-C stops"
                text += f"; health on {health}/readyz" if health else ""
                self._line("info", text, event="supervisor-started", processes=processes, health=health)
            case ProcessDied():
                self._show_death(event)
            case ProcessReplaced(process, pid, successor):
                text = f"process {process} ({pid}) has run its share of tasks; {successor} takes over"
                self._line("info", text, event="process-replaced", process=process, pid=pid, successor=successor)
            case ProcessKilled(process, pid):
                text = f"process {process} ({pid}) did not end in time, and is killed"
                self._line("warning", text, event="process-killed", process=process, pid=pid)
            case SourcesChanged(files):
                names = [os.path.relpath(file) for file in files]
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                text = f"changed: {', '.join(names[:SHOWN])}{more}; beginning anew"
                self._line("info", text, event="sources-changed", files=tuple(names))
            case WaitingForChange():
                self._line("warning", "waiting for the next change", event="waiting-for-change")
            case GaveUp(code):
                self._line(
                    "error", "giving up: another process would end like those before it", event="gave-up", code=code
                )
            case SupervisorStopping(processes):
                text = f"stopping: {counted(processes)}; again: stop at once"
                self._line("info", text, event="supervisor-stopping", processes=processes)

    def _show_death(self, died: ProcessDied) -> None:
        how = f"was killed by {signal_name(-died.code)}" if died.code < 0 else f"ended with code {died.code}"
        then = "" if died.delay is None else f"; another starts in {died.delay:g} s"
        text = f"process {died.process} ({died.pid}) {how}{then}"
        fields = {"process": died.process, "pid": died.pid, "code": died.code, "delay": died.delay}
        self._line("error", text, event="process-died", **fields)


def counted(processes: int) -> str:
    """Return how many processes there are."""
    return f"{processes} process{'' if processes == 1 else 'es'}"


def signal_name(number: int) -> str:
    """Return a signal's name, such as SIGKILL."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
