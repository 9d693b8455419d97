"""Counts the lines of a source tree: a task for each directory, which waits for those of what lies in it.

A task that waits for others needs no slot. So directories may be nested deeper than the worker has slots.
"""

import asyncio
from pathlib import Path

from mog import App, Context, task

app = App("lines")


@task(name="lines.count_directory")
async def count_directory(context: Context, directory: Path) -> int:
    """Count the lines of the Python files below `directory`."""
    directories, files = await asyncio.to_thread(look_into, directory)
    children = [context.create_request(count_directory, path) for path in directories]
    children += [context.create_request(count_file, path) for path in files]
    total: int = sum(await context.gather(*children))
    return total


# A plain `def`: reading a file blocks, so this runs in a thread and leaves the event loop free.
@task(name="lines.count_file")
def count_file(context: Context, file: Path) -> int:
    """Count the lines of `file`."""
    context.logger.debug("counting %s", file)
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def look_into(directory: Path) -> tuple[list[Path], list[Path]]:
    """Return the directories and the Python files in `directory`."""
    entries = sorted(directory.iterdir())
    directories = [path for path in entries if path.is_dir() and path.name != "__pycache__"]
    return directories, [path for path in entries if path.suffix == ".py" and path.is_file()]
