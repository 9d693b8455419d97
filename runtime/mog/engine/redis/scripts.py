"""The scripts, by name, and how they are run.

A script is a file of the directory ``lua``, behind ``common/prelude.lua`` and the others of that directory which its
lines ``-- needs:`` name. It gets a head, the same for all, and a number of items, and returns an answer for each. A
call's items are spread over as many runs as needed for none to hold up the server; all runs go out at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha1
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from hiredis import ReplyError

from mog.engine.redis.client import Client
from mog.engine.redis.connection import Arg, Command
from mog.engine.redis.failures import ConnectionLost, of_item, of_reply
from mog.engine.redis.layout import lua_names
from mog.errors import EngineUnavailable, MogError, ResultError

ITEMS_AT_ONCE = 100
"""Items that one run takes: a run of the costliest script takes the server about 2 ms."""

BYTES_AT_ONCE = 1 << 20
"""Bytes from which on a run takes no further item."""

_DIRECTORY = Path(__file__).with_name("lua")
_NEEDS = re.compile(r"^-- needs: (\w+)$", re.MULTILINE)

Item = Sequence[Arg]
T = TypeVar("T")


class Script(NamedTuple):
    """A script as the server gets it."""

    text: str
    sha: str


def _compose(own: str, common: Mapping[str, str]) -> Script:
    text = "\n".join([common["prelude"], *(common[name] for name in _NEEDS.findall(own)), own])
    first, _, rest = text.partition("-- NAMES\n")
    text = f"{first}{lua_names(rest)}\n{rest}"
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(directory: Path) -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in directory.glob("*.lua")}


_COMMON = _read(_DIRECTORY / "common")

SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {name: _compose(own, _COMMON) for name, own in _read(_DIRECTORY).items()}
)
"""All scripts by name. Read at once, since a later version may be installed while this process runs."""


class Scripts:
    """Runs scripts on the keys of one app. ``clock`` stands for Redis's own in tests."""

    def __init__(self, client: Client, app: str, clock: Callable[[], float] | None) -> None:
        self.client = client
        self.app = app
        self._clock = clock

    @property
    def label(self) -> str:
        """How messages name the server."""
        return str(self.client.settings)

    async def run(self, name: str, head: Item = (), items: Sequence[Item] = (), *, again: bool = False) -> list[Any]:
        """Run a script for each item; what went wrong with one is its answer, a MogError.

        Raises what Client.call() does, and what concerns the store as a whole. Where the connection is lost under way
        this tries a second time, and lets the script know, as ``again`` does.
        """
        if not items:
            return []
        runs = await self._repeat(name, head, list(_stretches(items)), again)
        return list(chain.from_iterable(runs))

    async def ask(self, name: str, head: Item = (), items: Sequence[Item] = ()) -> list[bool]:
        """Run a script that answers each item with 1 or 0; see :meth:`run`."""
        return read_each(bool, await self.run(name, head, items))

    async def run_once(self, name: str, head: Item = (), *, again: bool = False) -> Any:
        """Run a script that takes no items, and return its answer."""
        [answer] = await self._repeat(name, head, [()], again)
        return answer

    async def _repeat(self, name: str, head: Item, runs: Sequence[Item], again: bool) -> list[Any]:
        script = SCRIPTS[name]
        try:
            return await self._run(script, head, runs, again)
        except ConnectionLost:
            return await self._run(script, head, runs, again=True)

    async def _run(self, script: Script, head: Item, runs: Sequence[Item], again: bool) -> list[Any]:
        now = "" if self._clock is None else repr(self._clock())
        start: Command = ("EVALSHA", script.sha, 0, self.app, now, int(again), *head)
        commands = [(*start, *run) for run in runs]
        replies = await self.client.call(commands)
        unknown = [number for number, reply in enumerate(replies) if _is_unknown_script(reply)]
        if unknown:
            resent = await self.client.call(
                [("SCRIPT", "LOAD", script.text), *(commands[number] for number in unknown)]
            )
            self._checked(resent[0])
            for number, reply in zip(unknown, resent[1:], strict=True):
                replies[number] = reply
        return [self._checked(reply) for reply in replies]

    def _checked(self, reply: Any) -> Any:
        """Return a run's answers, or raise what concerns them all."""
        if isinstance(reply, ReplyError):
            raise self._of_the_whole(str(reply)) or of_item(str(reply), self.label)
        if not isinstance(reply, list):
            return reply
        return [self._checked_item(answer) if isinstance(answer, ReplyError) else answer for answer in reply]

    def _checked_item(self, error: ReplyError) -> Any:
        if whole := self._of_the_whole(str(error)):
            raise whole
        return of_item(str(error), self.label)

    def _of_the_whole(self, text: str) -> Exception | None:
        error = of_reply(text, self.label)
        if isinstance(error, EngineUnavailable) and "READONLY" in text:
            self.client.drop()  # after a fail-over the same address may lead to the new primary
        return error


def items_of(ids: Sequence[UUID]) -> list[Item]:
    """Return items that are an id each."""
    return [(str(task_id),) for task_id in ids]


def read_each(read: Callable[..., T], answers: Sequence[Any], *others: Sequence[Any]) -> list[T]:
    """Read answers, each with its fellows in ``others``; errors stand among them, of which T does not tell."""
    return [_read_one(read, *row) for row in zip(answers, *others, strict=True)]


def _read_one(read: Callable[..., Any], answer: Any, *others: Any) -> Any:
    if isinstance(answer, MogError):
        return answer
    try:
        return read(answer, *others)
    except MogError as error:
        return error
    except (ValueError, TypeError, LookupError) as error:
        return ResultError(f"what the store holds of it cannot be read ({type(error).__name__}: {error})")


def _stretches(items: Sequence[Item]) -> Iterator[Item]:
    """Put items one behind the other, as many as one run takes."""
    stretch: list[Arg] = []
    count = size = 0
    for item in items:
        stretch += item
        count += 1
        size += sum(len(arg) for arg in item if isinstance(arg, str | bytes))
        if count == ITEMS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield stretch
            stretch, count, size = [], 0, 0
    if stretch:
        yield stretch


def _is_unknown_script(reply: Any) -> bool:
    return isinstance(reply, ReplyError) and str(reply).startswith("NOSCRIPT")
