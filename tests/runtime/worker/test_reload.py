"""Which files are sources, and that their changes are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from mog.worker import reload
from mog.worker.reload import Sources

SOURCES = ["app.py", "shop/tasks.py", "a/b/c.py", "pyproject.toml", "src/shop/__init__.py"]
OTHERS = [
    "app.pyc",
    "notes.txt",
    ".mog/mog.db",
    ".venv/lib/x.py",
    "venv/lib/site-packages/x.py",
    "__pycache__/a.py",
    "node_modules/a.py",
    "app.py~",
    "shop/poetry.toml",
]


@pytest.mark.parametrize("name", SOURCES)
def test_sources(tmp_path: Path, name: str) -> None:
    assert tmp_path / name in Sources([tmp_path])


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(tmp_path: Path, name: str) -> None:
    assert tmp_path / name not in Sources([tmp_path])


def test_what_lies_elsewhere_is_no_source(tmp_path: Path) -> None:
    assert tmp_path / "app.py" not in Sources([tmp_path / "shop"])


def test_project_in_a_hidden_directory(tmp_path: Path) -> None:
    assert tmp_path / ".work" / "app.py" in Sources([tmp_path / ".work"])


def test_directories_within_others_are_watched_once(tmp_path: Path) -> None:
    for name in ("src", "other"):
        (tmp_path / name).mkdir()
    assert Sources([tmp_path, tmp_path / "src"]).roots == [tmp_path]
    assert Sources([tmp_path / "src", tmp_path / "other"]).roots == [tmp_path / "other", tmp_path / "src"]


@pytest.fixture
async def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Queue[tuple[str, ...]]]:
    """What is told of changes in tmp_path, which is watched by then."""
    monkeypatch.setattr(reload, "QUIET", 50)
    queue: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()

    async def follow() -> None:
        async with aclosing(Sources([tmp_path]).changes()) as changes:
            async for files in changes:
                queue.put_nowait(files)

    following = asyncio.create_task(follow())
    async with asyncio.timeout(20):
        while queue.empty():  # until the first is seen, the watch may not have begun
            (tmp_path / "begin.py").write_text(f"# {asyncio.get_running_loop().time()}")
            await asyncio.sleep(0.1)
        queue.get_nowait()
    yield queue
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def next_of(told: asyncio.Queue[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what is told next, without the file that the fixture wrote, of which a last change may come late."""
    async with asyncio.timeout(20):
        while True:
            files = tuple(file for file in await told.get() if not file.endswith("begin.py"))
            if files:
                return files


async def test_a_burst_of_changes_is_told_as_one(tmp_path: Path, told: asyncio.Queue[tuple[str, ...]]) -> None:
    for name in ("a.py", "b.py", "c.txt"):
        (tmp_path / name).write_text("x")
    assert await next_of(told) == (str(tmp_path / "a.py"), str(tmp_path / "b.py"))


async def test_new_directories_and_removed_files(tmp_path: Path, told: asyncio.Queue[tuple[str, ...]]) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "a.py").write_text("x")
    assert await next_of(told) == (str(tmp_path / "a.py"),)
    (tmp_path / "shop" / "b.py").write_text("x")
    assert await next_of(told) == (str(tmp_path / "shop" / "b.py"),)
    (tmp_path / "a.py").unlink()
    assert await next_of(told) == (str(tmp_path / "a.py"),)


async def test_other_files_are_not_told(tmp_path: Path, told: asyncio.Queue[tuple[str, ...]]) -> None:
    (tmp_path / "mog.db").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.py").write_text("x")
    (tmp_path / "last.py").write_text("x")
    assert await next_of(told) == (str(tmp_path / "last.py"),)
