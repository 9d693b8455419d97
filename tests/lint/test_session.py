"""A project that stays in memory says the same as a first look at it."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.cache import Cache
from mog_lint.model.source import digest
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


RESIZE = "@task(name='shop.resize')\nasync def resize(context): ...\n"
TASKS = "from mog import App, Pause, Request, task\nfrom typer import Typer\n"
RICH_VARIANTS = {
    "shop/__init__.py": ("", "from .app import app, cli\n", "from mog import task\n"),
    "shop/app.py": (
        f"{TASKS}app = App('shop')\ncli = Typer()\n",
        f"{TASKS}app = App('shop')\napp.task(name='shop.grow')(print)\nclass cli:\n    command = app.task\n",
        f"{TASKS}from .names import app\ncli = None\n",
        "app = cli = 1\n",
    ),
    "shop/names.py": (
        "RESIZE = 'shop.resize'\nGROW = 'shop.grow'\n",
        "from .app import *\nRESIZE = 'shop.rezise'\nGROW = RESIZE\n",
        "from mog import App\napp = App('other')\nGROW = RESIZE = f'{app}'\n",
        "def RESIZE(\n",
    ),
    "shop/images.py": (
        f"{TASKS}{RESIZE}",
        f"{TASKS}# the same\n\n{RESIZE}",
        f"{TASKS}from .names import GROW\n@task(name=GROW, aliases=['shop.resize'])\nasync def resize(context): ...\n",
        "from .app import app\n@app.task(name='shop.resize')\nasync def grow(context, width): ...\n",
        f"{TASKS}from .help import wait\n@task\nasync def resize(c):\n    x = 1\n    wait()\n    await c.pause()\n",
    ),
    "shop/films.py": (
        f"{TASKS}{RESIZE}",
        f"{TASKS}from .help import *\n@task(name='shop.cut')\nasync def cut(context):\n    try:\n"
        "        await again()\n    except Exception:\n        wait()\n",
        f"{TASKS}import shop.help as h\n@task(name='shop.cut')\nasync def f(c):\n    await h.ask(c)\n    h.wait()\n",
        "from shop import task\n@task(name='shop.grow')\ndef cut(context): ...\n",
    ),
    "shop/help.py": (
        "import time\nfrom mog import Pause\ndef wait():\n    time.sleep(1)\n"
        "async def again():\n    raise Pause\nasync def ask(context):\n    await context.submit('shop.resize')\n",
        "from mog import Pause, Request\nfrom .names import *\nasync def wait(): ...\nasync def again():\n"
        "    await deeper()\nasync def deeper():\n    raise Pause\nasync def ask(c):\n"
        "    await c.submit(Request(name=RESIZE))\n",
        "import functools\n@functools.cache\ndef wait(): open('x')\ndef again(): ...\nasync def ask(c):\n"
        "    await c.run('no')\n",
    ),
    "shop/orders.py": (
        "from .app import app\nfrom .names import GROW\nasync def order():\n    await app.submit('shop.resize')\n"
        "    await app.run(GROW)\n",
        "from . import cli\nfrom .help import wait\nimport time\n@cli.command()\nasync def main():\n    await part()\n"
        "async def part():\n    wait()\n    time.sleep(1)\n",
        "from .orders import part\nasync def main():\n    await part()\n",
    ),
}


@pytest.mark.parametrize("variants", [VARIANTS, RICH_VARIANTS], ids=["few", "rich"])
@pytest.mark.parametrize("seed", range(20))
def test_any_history_ends_like_a_first_look(
    project: ScratchProject, variants: Mapping[str, tuple[str, ...]], seed: int
) -> None:
    draw = random.Random(seed)
    for name, texts in variants.items():
        project.write(name, draw.choice(texts))
    session = session_of(project)
    for _ in range(12):
        name = draw.choice(list(variants))
        change(session, project.root / name, draw.choice(variants[name]).encode(), draw.randrange(6))
        if draw.random() < 0.7:
            first_look = Session(project.config(), use_cache=False)
            for given, data in session.contents.given.items():
                first_look.update(given, data)
            reported = draw.sample(sorted(session.files), len(session.files) // 2)
            assert list(session.findings(reported)) == list(first_look.findings(reported))
            assert list(session.findings()) == list(first_look.findings())


def change(session: Session, path: Path, text: bytes, kind: int) -> None:
    """Change, take away or bring back a file, on disk or in the editor."""
    match kind:
        case 1:
            session.reload(path)
        case 2:
            path.write_bytes(text)
            session.rescan()
        case 3:
            path.unlink(missing_ok=True)
            session.reload(path)
        case _:
            session.update(path, text)


def test_what_is_typed_is_kept_when_it_is_saved(project: ScratchProject) -> None:
    file = project.write("tasks.py", NAMED)
    session = session_of(project)
    for text in (UNNAMED, NAMED, CALLS):
        session.update(file, text.encode())
        list(session.findings())
    session.save()
    store = Cache.of_project(project.root).store
    entries = [store.get(digest(text.encode())) for text in (UNNAMED, NAMED, CALLS)]
    assert [entry is not None for entry in entries] == [False, False, True]


def test_files_of_the_same_content_are_told_apart(project: ScratchProject) -> None:
    for package, net in (("one", SLOW), ("two", "def wait(): ...\n")):
        project.write(f"{package}/__init__.py", "")
        project.write(f"{package}/net.py", net)
        project.write(f"{package}/help.py", "from .net import wait\ndef help():\n    wait()\n")
        project.write(f"{package}/tasks.py", NAMED)
    project.write(
        "work.py", "import one.help, two.help\nasync def f(): one.help.help()\nasync def g(): two.help.help()"
    )
    assert places(session_of(project).findings()) == [("tasks.py", 2), ("work.py", 2)]


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
