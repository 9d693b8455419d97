"""How the rules of the event loop word what to use instead of a blocking call, and how they write it."""

from __future__ import annotations

from mog_lint.blocking import THREAD, Blocking
from mog_lint.findings import Applicability
from mog_lint.model.summary import Call, Summary, Use
from mog_lint.rule import FixPlan

MODULE = "asyncio"
# What gives a handle or an iterator, whose use blocks again.
HANDLES = frozenset(
    {"open", "fdopen", "popen", "Popen", "connect", "client", "resource", "stream", "scandir", "walk", "iglob"}
    | {"iterdir", "glob", "rglob", "fwalk", "ZipFile", "GzipFile", "from_env", "iter", "listen", "cursor"}
    | {"NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "urlopen", "connection", "getconn"}
)


def advice(blocking: Blocking) -> str:
    """Return the half sentence that says what to use instead."""
    if blocking.instead == THREAD:
        return f"hand it to `{THREAD}`"
    return f"use {' or '.join(f'`{name}`' for name in blocking.instead.split(' or '))}"


def thread_fix(call: Call, blocking: Blocking, summary: Summary) -> FixPlan | None:
    """Return the fix that runs a call in a thread, or None where that would not do."""
    name = blocking.name
    if call.use in (Use.LOOPED, Use.ENTERED, Use.WITH, Use.WITH_AWAIT) or name.rpartition(".")[2] in HANDLES:
        return None
    if name.startswith("sqlite3.") or not can_import(summary):  # a SQLite connection belongs to its thread
        return None
    return FixPlan(
        f"await it in a thread: `await {THREAD}(…)`",
        Applicability.UNSAFE,
        lambda editor: editor.await_in_thread(is_part=call.use is Use.PART),
        needs=MODULE,
    )


def can_import(summary: Summary) -> bool:
    """Say whether `asyncio` means the module, or can be made to."""
    return summary.exports.get(MODULE, (f"{MODULE}:",)) == (f"{MODULE}:",)
