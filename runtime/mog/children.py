"""The tasks that a task has submitted, and theirs: a result's children and its tree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from mog.app import App
    from mog.result import Result


class ResultChildren:
    """The tasks that one task has submitted itself, in order of submission."""

    def __init__(self, app: App, parent: UUID) -> None:
        self._app, self._parent = app, parent

    async def ids(self, limit: int | None = None) -> list[UUID]:
        """Return their ids, the first ``limit`` of them."""
        found: list[UUID] = await self._app.port().call("results.children", (self._parent, limit))
        return found

    async def count(self) -> int:
        """Return how many there are."""
        return len(await self.ids())

    async def results(self, limit: int | None = None) -> list[Result[Any]]:
        """Return their results; those that the store has forgotten are left out."""
        return await self._app.results(await self.ids(limit))

    async def iter_ids(self, *, count: int | None = None) -> AsyncIterator[UUID]:
        """Iterate over their ids, the first ``count`` of them."""
        for child in await self.ids(count):
            yield child

    async def iter_instances(self, *, count: int | None = None) -> AsyncIterator[Result[Any]]:
        """Iterate over their results, the first ``count`` of them."""
        for result in await self.results(count):
            yield result


class ResultTree:
    """A result, and those of its children; ``more`` is how many children are left out."""

    def __init__(self, result: Result[Any]) -> None:
        self.result = result
        self.children: list[ResultTree] = []
        self.more = 0


async def build_tree(result: Result[Any], *, max_depth: int, max_width: int) -> ResultTree:
    """Return the tree below ``result``, at most ``max_depth`` levels and ``max_width`` children of each."""
    root = ResultTree(result)
    level = [root]
    for _ in range(max_depth - 1):
        found = await asyncio.gather(*(_fill(tree, max_width) for tree in level))
        level = [child for children in found for child in children]
        if not level:
            return root
    for tree, more in zip(level, await asyncio.gather(*(tree.result.children.count() for tree in level)), strict=True):
        tree.more = more
    return root


async def descendants(app: App, ancestor: UUID) -> list[UUID]:
    """Return the ids of all tasks that were submitted on behalf of one, on however many levels."""
    found: list[UUID] = []
    level = [ancestor]
    while level:
        families = await asyncio.gather(*(ResultChildren(app, parent).ids() for parent in level))
        level = [child for family in families for child in family]
        found += level
    return found


async def _fill(tree: ResultTree, max_width: int) -> list[ResultTree]:
    ids = await tree.result.children.ids()
    tree.children = [ResultTree(child) for child in await tree.result.children.results(max_width)]
    tree.more = max(0, len(ids) - max_width)
    return tree.children
