"""Starts child.py and talks with it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 20.0


@dataclass
class Child:
    """A process that runs a program of child.py."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, program: str, *arguments: object) -> Child:
        script = Path(__file__).with_name("child.py")
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(script),
                program,
                *map(str, arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        )

    async def line(self) -> list[str]:
        """Return the words of the next line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self.process.stdout.readline()
        assert line, "the process ended"
        return line.decode().split()

    async def lines(self, count: int, first: str) -> list[str]:
        """Return the second words of so many lines that begin with ``first``."""
        found = []
        while len(found) < count:
            words = await self.line()
            if words[0] == first:
                found.append(words[1])
        return found

    def tell(self) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")

    async def rest(self) -> list[list[str]]:
        """End its input, wait until it ends, and return its remaining lines."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            output, _ = await self.process.communicate()
        return [line.split() for line in output.decode().splitlines()]

    def kill(self) -> None:
        """Kill it, as kill -9 does."""
        self.process.kill()


def check_integrity(path: Path) -> None:
    """Assert that the database is whole."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()
