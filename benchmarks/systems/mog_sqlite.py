"""mog on its embedded engine, a SQLite file. Variants: ``full`` (durability), ``command`` (the worker is `mog run`,
which prints a line per task, instead of the library's quiet worker)."""

from __future__ import annotations

from adapter import SETTING
from mog_adapter import MogAdapter

from mog import App

FULL = "full" in SETTING.variant

app = App("bench", broker=f"sqlite:///{SETTING.directory / 'mog.db'}", durability="full" if FULL else "normal")

ADAPTER = MogAdapter(
    app,
    __name__,
    f"WAL, synchronous={'FULL: a submit that returned survives the loss of power' if FULL else 'NORMAL'}"
    f"{'' if FULL else ': what returned survives the death of any process; the loss of power may undo the last'}; "
    "claimed by the living owner's lock and removed with the result in one transaction: at least once",
)
