"""What the contracts of this engine have in common: each opens and closes the one core."""

from __future__ import annotations

from mog.engine.distributed.core import Core


class Part:
    """One contract's hold on the core."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._is_open = False

    async def open(self) -> None:
        """Open the core, unless this part has."""
        if not self._is_open:
            await self.core.open()
            self._is_open = True

    async def close(self) -> None:
        """Let go of the core, unless this part has."""
        if self._is_open:
            self._is_open = False
            await self.core.close()

    def abandon(self) -> None:
        """Let go of the core's handles."""
        if self._is_open:
            self._is_open = False
            self.core.abandon()
