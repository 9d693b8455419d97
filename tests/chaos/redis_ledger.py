"""What happens in Redis, as its append-only file tells it; mog.engine.redis.layout says what the keys mean."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.chaos.append_only import AppendOnlyFile, Command
from tests.chaos.ledger import Event, Ledger, Owner

from mog.engine.redis.layout import OF_OWNERS, OF_TASKS, OF_THE_APP
from mog.engine.redis.leases import LEASE

OVER = {"SUCCESS", "FAILURE", "REVOKED", "INVALID"}


@dataclass(slots=True)
class Life:
    """A task as the file has told of it so far. ``void``: its owner was found dead, and nobody has it yet."""

    key: int
    id: UUID
    parent: UUID | None
    state: str = "PENDING"
    owner: str | None = None
    starts: int = 0
    stops: int = 0
    void: bool = False


class RedisLedger(Ledger):
    """See :class:`Ledger`. Needs a server with :data:`append_only.OPTIONS`, and reads its file alone."""

    def __init__(self, app: str, directory: Path) -> None:
        self._file = AppendOnlyFile(directory)
        self._events: list[Event] = []
        self._lives: dict[UUID, Life] = {}
        self._leases: dict[str, float] = {}
        self._owed: set[bytes] = set()
        self._pids: dict[str, int] = {}
        self._ended = 0
        self._now = 0.0
        self._result, self._node, self._running = (
            f"{app}{end}".encode() for end in (OF_TASKS["result"], OF_OWNERS["node"], OF_OWNERS["running"])
        )
        self._nodes, self._outbox, self._index = (
            f"{app}{OF_THE_APP[name]}".encode() for name in ("nodes", "outbox", "index")
        )

    def __len__(self) -> int:
        """Count the tasks of which the log tells."""
        return len(self._lives)

    # -- looks

    def ended(self) -> int:
        """See :meth:`Ledger.ended`."""
        self._follow()
        return self._ended

    def unfinished(self) -> int:
        """See :meth:`Ledger.unfinished`."""
        self._follow()
        return sum(life.state not in OVER for life in self._lives.values())

    def owed(self) -> int:
        """See :meth:`Ledger.owed`; what is not noted is found out by a worker, after some seconds."""
        self._follow()
        return len(self._owed)

    def consuming(self) -> dict[int, Owner]:
        """See :meth:`Ledger.consuming`; a process that was killed is one of them until its lease has ended."""
        self._follow()
        now = time.time()
        return {pid: owner for owner, pid in self._pids.items() if self._leases.get(owner, 0.0) > now}

    def events(self) -> Iterator[Event]:
        """See :meth:`Ledger.events`."""
        self._follow()
        yield from self._events

    def left(self) -> dict[str, int]:
        """See :meth:`Ledger.left`; what else there is on the two servers, see grounds.py."""
        self._follow()
        return {"process": len(self._pids)} if self._pids else {}

    def integrity(self) -> str:
        """See :meth:`Ledger.integrity`."""
        self._follow()
        return "ok" if self._file.is_whole else "the append-only file ends within a transaction"

    def close(self) -> None:
        """See :meth:`Ledger.close`."""

    # -- the file

    def _follow(self) -> None:
        for commands in self._file.transactions():
            self._now = max((self._time_of(command) for command in commands), default=0.0) or self._now
            for command in commands:
                self._take(command)

    def _time_of(self, command: Command) -> float:
        """Return the time that a command tells, or 0.0: a transaction's commands come from one moment."""
        match command:
            case [b"ZADD", self._outbox, score, _]:
                return float(score)
            case [b"ZADD", self._nodes, score, _]:
                return float(score) - LEASE
            case [b"ZADD", self._index, score, _]:
                return float(score) / 1e6
        return 0.0

    def _take(self, command: Command) -> None:
        name, key, *rest = command
        if name in (b"DEL", b"UNLINK"):
            for gone in (key, *rest):
                self._lose(gone)
        elif key.startswith(self._result) and b"/" not in key:
            self._change(name, UUID(key[len(self._result) :].decode()), rest)
        elif key.startswith(self._running) and name in (b"HDEL", b"HSET"):
            self._own(name, key[len(self._running) :].decode(), UUID(rest[0].decode()))
        elif key.startswith(self._node):
            self._join(key[len(self._node) :].decode(), rest)
        elif key == self._outbox:
            if name == b"ZADD":
                self._owed.add(rest[-1])
            else:
                self._owed.difference_update(rest)
        elif key == self._nodes and name == b"ZADD":
            self._leases[rest[1].decode()] = float(rest[0])

    def _lose(self, key: bytes) -> None:
        if key.startswith(self._node):
            self._pids.pop(key[len(self._node) :].decode(), None)
        elif key.startswith(self._result) and b"/" not in key:
            life = self._lives[UUID(key[len(self._result) :].decode())]
            self._note(life, "forgotten", detail=life.state)

    def _join(self, owner: str, rest: list[bytes]) -> None:
        if owner not in self._pids:
            pid = _fields(rest)["node_id"].partition("@")[0]
            self._pids[owner] = int(pid)
            self._events.append(Event(self._now, "joined", None, None, owner, None, None, pid))

    def _change(self, name: bytes, task: UUID, rest: list[bytes]) -> None:
        life = self._lives.get(task)
        if name == b"HSET":
            fields = _fields(rest)
            if life is None:
                life = self._create(task, fields)
            elif "state" in fields:
                self._pass_on(life, fields)
        elif life is not None and name == b"HDEL" and b"mog_owner" in rest:
            life.owner = None

    def _create(self, task: UUID, fields: dict[str, str]) -> Life:
        parent = json.loads(fields.get("parent_id", "null"))
        life = self._lives[task] = Life(len(self._lives) + 1, task, UUID(parent) if parent else None)
        self._note(life, "created")
        return life

    def _pass_on(self, life: Life, fields: dict[str, str]) -> None:
        """Take a new state of a task."""
        before, life.state = life.state, json.loads(fields["state"])
        starts, stops = int(fields.get("number_of_starts", life.starts)), int(fields.get("number_of_stops", life.stops))
        more = starts - life.starts, stops - life.stops
        life.starts, life.stops = starts, stops
        if before in OVER:
            self._note(life, "rewritten", detail=before)
        if life.state in OVER:
            self._now = _moment(fields["finished"]) if "finished" in fields else self._now
            self._end(life)
        elif life.state == "RUNNING" and "mog_owner" in fields:
            self._claim(life, json.loads(fields["mog_owner"]), _moment(fields["started"]))
        elif "number_of_starts" in fields:
            self._note(life, "freed", more)

    def _end(self, life: Life) -> None:
        if life.void and life.state != "REVOKED":
            self._keep(life)
        self._ended += life.parent is None
        self._note(life, "ended", (life.starts, life.stops), life.state)
        life.owner, life.void = None, False

    def _claim(self, life: Life, owner: str, at: float) -> None:
        held = life.owner is not None and not life.void and self._leases.get(life.owner, 0.0) > at
        self._now = at
        life.owner, life.void = owner, False
        self._note(life, "stolen" if held else "claimed", (life.starts, life.stops))

    def _own(self, name: bytes, owner: str, task: UUID) -> None:
        """Take what a set of running tasks has lost or won."""
        life = self._lives.get(task)
        if life is None or life.owner != owner or life.state in OVER:
            return
        if name == b"HDEL" and not life.void:
            self._note(life, "freed", (0, 0))
            life.void = True
        elif name == b"HSET" and life.void:
            self._keep(life)

    def _keep(self, life: Life) -> None:
        life.void = False
        self._note(life, "kept")

    def _note(
        self, life: Life, kind: str, counts: tuple[int, int] | tuple[None, None] = (None, None), detail: Any = None
    ) -> None:
        event = Event(self._now, kind, life.key, life.id, life.owner, *counts, detail, life.parent)
        self._events.append(event)


def _fields(rest: list[bytes]) -> dict[str, str]:
    pairs = iter(part.decode() for part in rest)
    return dict(zip(pairs, pairs, strict=True))


def _moment(text: str) -> float:
    return datetime.fromisoformat(json.loads(text)).timestamp()
