"""A project that stays in memory says the same as a first look at it."""

import random
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.session import Session

UNNAMED = "from mog import task\n@task\nasync def resize(context): ...\n"
NAMED = UNNAMED.replace("@task", "@task(name='shop.resize')")
SLOW = "import time\ndef wait():\n    time.sleep(1)\n"
CALLS = "from shop.net import wait\nasync def work():\n    wait()\n"


def session_of(project: ScratchProject) -> Session:
    project.select = ("MOG",)
    return Session(project.config())


def test_a_text_counts_until_it_is_given_up(project: ScratchProject) -> None:
    file = project.write("tasks.py", NAMED)
    session = session_of(project)
    assert list(session.findings()) == []
    session.update(file, UNNAMED.encode())
    assert places(session.findings([file])) == [("tasks.py", 2)]
    session.update(file, b"#\n" + UNNAMED.encode())
    assert places(session.findings([file])) == [("tasks.py", 3)]
    session.reload(file)
    assert list(session.findings([file])) == []
    assert file.read_text() == NAMED


def test_a_change_shows_in_files_that_depend_on_it(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "")
    net = project.write("shop/net.py", SLOW)
    work = project.write("shop/work.py", CALLS)
    session = session_of(project)
    assert [finding.code for finding in session.findings([work])] == ["MOG203"]
    session.update(net, b"def wait(): ...\n")
    assert list(session.findings([work])) == []
    session.update(net, b"\n" + SLOW.encode())
    (finding,) = session.findings([work])
    assert [step.location.row for step in finding.chain] == [4]
    session.update(net, b"def wait(\n")
    assert list(session.findings([work])) == []
    assert [finding.code for finding in session.findings([net])] == ["MOG000"]


def test_files_come_and_go(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "")
    work = project.write("shop/work.py", CALLS)
    session = session_of(project)
    assert list(session.findings()) == []
    net = project.write("shop/net.py", SLOW)
    session.rescan()
    assert places(session.findings()) == [("work.py", 3)]
    net.unlink()
    session.reload(net)
    assert list(session.findings()) == []
    project.write("shop/net.py", SLOW)
    work.unlink()
    session.rescan()
    assert list(session.findings()) == []


def test_a_new_file_that_is_not_on_disk(project: ScratchProject) -> None:
    session = session_of(project)
    new = project.root / "new.py"
    session.update(new, UNNAMED.encode())
    assert places(session.findings()) == [("new.py", 2)]
    session.reload(new)
    assert list(session.findings()) == []


def test_a_package_that_comes_to_be_renames_its_modules(project: ScratchProject) -> None:
    file = project.write("src/shop/tasks.py", UNNAMED)
    session = session_of(project)
    assert session.project.modules == ()
    list(session.findings())
    assert session.project.modules[0].name.candidates == ("src.shop.tasks", "tasks")
    project.write("src/shop/__init__.py", "")
    session.rescan()
    list(session.findings([file]))
    assert session.project.modules[0].name.candidates == ("shop.tasks", "src.shop.tasks")


def test_the_same_summary_is_the_same_module(project: ScratchProject) -> None:
    file = project.write("tasks.py", UNNAMED)
    session = session_of(project)
    list(session.findings())
    module, tasks = session.project.at(file), session.tasks
    session.update(file, b"# a comment\n" + UNNAMED.encode())
    assert places(session.findings()) == [("tasks.py", 3)]
    assert (session.project.at(file), session.tasks) == (module, tasks)
    session.update(file, NAMED.encode())
    session.analyse()
    assert session.project.at(file) is not module
    session.update(file, b"x = 1\n")
    session.analyse()
    assert session.project.at(file) is None


VARIANTS = {
    "shop/__init__.py": ("", "from .net import wait\n", "from mog import App\napp = App('shop')\n"),
    "shop/net.py": ("", SLOW, "from .deep import wait\n", "def wait(\n", "async def wait(): ...\n"),
    "shop/deep.py": ("", SLOW, SLOW + "from mog import task as job\n", "from .net import *\n"),
    "shop/work.py": ("", CALLS, "from . import wait\nasync def work():\n    wait()\n", UNNAMED),
    "shop/tasks.py": (UNNAMED, NAMED, NAMED * 2, "from .deep import job\n@job\ndef f(context): ...\n"),
    "tasks.py": (
        "",
        "from shop import app\n@app.task\ndef f(context): ...\n",
        "import shop\n@shop.app.task\ndef f(c): ...\n",
    ),
}


@pytest.mark.parametrize("seed", range(20))
def test_any_history_ends_like_a_first_look(project: ScratchProject, seed: int) -> None:
    draw = random.Random(seed)
    for name, variants in VARIANTS.items():
        project.write(name, draw.choice(variants))
    session = session_of(project)
    for _ in range(8):
        path = project.root / draw.choice(list(VARIANTS))
        change(session, path, draw)
        if draw.random() < 0.7:
            first_look = Session(project.config(), use_cache=False)
            for given, data in session.contents.given.items():
                first_look.update(given, data)
            assert list(session.findings()) == list(first_look.findings())


def change(session: Session, path: Path, draw: random.Random) -> None:
    """Change, take away or bring back a file, on disk or in the editor."""
    text = draw.choice(VARIANTS[path.relative_to(session.config.root).as_posix()]).encode()
    match draw.randrange(4):
        case 0:
            session.update(path, text)
        case 1:
            session.reload(path)
        case 2:
            path.write_bytes(text)
            session.rescan()
        case 3:
            path.unlink(missing_ok=True)
            session.reload(path)


def test_progress_counts_what_is_analysed(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "")
    project.write("shop/net.py", SLOW)
    project.write("shop/work.py", CALLS)
    project.write("shop/plain.py", "")
    told: list[tuple[int, int]] = []
    session = session_of(project)
    list(session.findings(on_progress=lambda *progress: told.append(progress)))
    assert told == [(1, 1), (2, 2)]
    list(session.findings(on_progress=lambda *progress: told.append(progress)))
    assert len(told) == 2
