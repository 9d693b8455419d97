import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

APP = "from mog import App\napp = App('{name}')\n"


def write(directory: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def app_of(ended: Any) -> str:
    """The App's name, which stands in the queue's file: shown by what is asked of a queue that is not there."""
    assert (ended.code, ended.out) == (2, "")
    return str(ended.err.split("'")[1])


LOOK = ("queues", "purge", "no-such-queue", "--yes")


def test_app_is_named_by_the_option_before_all_else(
    mog: Callable[..., Any], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(directory, {f"{name}.py": APP.format(name=name) for name in ("aa", "bb", "cc")})
    write(directory, {"pyproject.toml": "[tool.mog]\napp = 'cc'\n"})
    assert app_of(mog(*LOOK)) == "cc"
    monkeypatch.setenv("MOG_APP", "bb:app")
    assert app_of(mog(*LOOK)) == "bb"
    assert app_of(mog(*LOOK, "--app", "aa")) == "aa"


def test_the_one_app_of_a_project_is_found(mog: Callable[..., Any], directory: Path) -> None:
    write(directory, {"src/hello/__init__.py": "", "src/hello/main.py": APP.format(name="found")})
    assert app_of(mog(*LOOK)) == "found"


def test_the_one_module_that_may_hold_it_does_not_parse(mog: Callable[..., Any], directory: Path) -> None:
    write(directory, {"src/hello/__init__.py": "", "src/hello/main.py": APP.format(name="x") + "def f(:\n"})
    ended = mog(*LOOK)
    assert ended.code == 2
    assert "error: could not import hello.main: SyntaxError: " in ended.err
    assert 'main.py", line 3' in ended.err


def test_from_a_directory_below_the_project(
    mog: Callable[..., Any], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(directory, {"pyproject.toml": "[tool.mog]\napp = 'lib_x'\nsrc = ['lib']\n"})
    write(directory, {"lib/lib_x.py": APP.format(name="below"), "docs/index.md": ""})
    monkeypatch.chdir(directory / "docs")
    assert app_of(mog(*LOOK)) == "below"


def test_modules_of_tasks_are_imported(mog: Callable[..., Any], directory: Path) -> None:
    write(
        directory,
        {
            "shop_app.py": "from mog import App\napp = App('shop', imports=['shop_tasks'])\n",
            "shop_tasks.py": "from shop_app import app\n@app.task(name='x', queue='q')\ndef x(context): ...\n",
        },
    )
    assert mog("queues", "status", "--app", "shop_app").out.split()[4] == "q"


@pytest.mark.parametrize(
    ("files", "arguments", "message", "hint"),
    [
        ({}, [], "no App is found below ", "--app"),
        ({"aa.py": APP, "bb.py": APP}, [], "this project has several Apps: aa:app, bb:app", "--app"),
        ({}, ["--app", "nowhere"], "there is no module 'nowhere' in ", ""),
        ({"hello.py": APP}, ["--app", "helo"], "there is no module 'helo' in ", "did you mean hello?"),
        ({"hello/app.py": APP}, ["--app", "hello.ap"], "no module 'hello.ap'", "did you mean hello.app?"),
        (
            {"hello.py": APP},
            ["--app", "hello:queue"],
            "hello has no 'queue'; it has the App hello:app",
            "--app hello:app",
        ),
        ({"hello.py": "x = 1\ndef f(): ...\n"}, ["--app", "hello"], "has no 'app' and no App; it has: x, f", "--app"),
        ({"hello.py": "app = 1\n"}, ["--app", "hello"], "hello:app is a int, no App", ""),
        ({"hello.py": APP}, ["--app", "hello.py"], "'hello.py' names no module", "hello.app:app"),
        ({"hello.py": APP}, ["--app", "./hello.py"], "'./hello.py' names no module", "hello.app:app"),
        ({"pyproject.toml": "[tool"}, [], "pyproject.toml does not parse", ""),
        ({"pyproject.toml": "[tool.mog]\napp = 1"}, [], "must be a text such as 'hello.app:app', not 1", ""),
        ({"pyproject.toml": "[tool.mog]\nsrc = 1"}, [], "is a list of directories", ""),
        ({"hello.py": "from mog import App\napp = App('x', brokr='y')\n"}, [], "hello.py:2: ", ""),
        ({"hello.py": "from mog import App\napp = App('x', broker='y://')\n"}, [], "y", ""),
    ],
)
def test_what_is_said_of_an_app_that_cannot_be_had(
    mog: Callable[..., Any], directory: Path, *, files: dict[str, str], arguments: list[str], message: str, hint: str
) -> None:
    write(directory, {name: content.format(name="x") if content == APP else content for name, content in files.items()})
    ended = mog("queues", "status", *arguments)
    assert (ended.code, ended.out) == (2, "")
    first, *rest = ended.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert len(rest) <= 1
    assert hint in "".join(rest)


def test_an_error_in_the_users_code_is_shown_in_their_frames(mog: Callable[..., Any], directory: Path) -> None:
    write(
        directory,
        {
            "hello.py": "import helper\nfrom mog import App\napp = App('x')\n",
            "helper.py": "def half(x):\n    return x / 0\n\nhalf(1)\n",
        },
    )
    ended = mog("queues", "status")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == "error: could not import hello: ZeroDivisionError: division by zero"
    assert f'File "{directory / "helper.py"}", line 2, in half' in ended.err
    assert "frozen importlib" not in ended.err
    assert f"mog_cli{os.sep}" not in ended.err
    assert f"mog_cli{os.sep}app_loading.py" in mog("queues", "status", "-v").err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("from mog import App\napp = App(", "could not import hello: SyntaxError: '(' was never closed"),
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("import sys\nsys.exit('bye')", "could not import hello: SystemExit: bye"),
    ],
)
def test_modules_that_cannot_be_imported(mog: Callable[..., Any], directory: Path, source: str, message: str) -> None:
    write(directory, {"hello.py": source})
    ended = mog("queues", "status", "--app", "hello")
    assert ended.code == 2
    assert message in ended.err.splitlines()[-1]
    assert "hello.py" in ended.err


def test_ctrl_c_while_importing_is_clean(mog: Callable[..., Any], directory: Path) -> None:
    write(directory, {"hello.py": "raise KeyboardInterrupt"})
    ended = mog("queues", "status", "--app", "hello")
    assert (ended.code, ended.out, ended.err) == (130, "", "")
