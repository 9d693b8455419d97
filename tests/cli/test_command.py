"""The command as a whole: its help, its start-up, its version, what it says to wrong use."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from mog_cli.command import Mog

HEAVY = {"libcst", "aio_pika", "redis", "pydantic", "jinja2", "rich", "asyncio", "mog", "mog_lint", "mog_templates"}


def verbs() -> dict[str, Any]:
    """Every verb that can be called, `tasks list` too, with its command."""
    found = {}
    for name, announced in Mog.announced.items():
        command = announced.load(name)
        inner = command.commands if isinstance(command, TyperGroup) else {}
        found |= {f"{name} {other}": inner[other] for other in inner} or {name: command}
    return found


VERBS = verbs()


@pytest.mark.parametrize("arguments", [[], *(verb.split() for verb in VERBS)], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from mog_cli.command import run\n"
        "code = run([*sys.argv[1:], '--help'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"Usage: {' '.join(['mog', *arguments])} ")
    assert HEAVY.isdisjoint(ended.stderr.split())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_explained(mog: Callable[..., Any], verb: str) -> None:
    shown = mog(*verb.split(), "-h").out
    usage, explanation, *_ = shown.split("\n\n")
    assert usage.startswith(f"Usage: mog {verb} ")
    assert explanation.endswith(".")
    assert "-v, --verbose" in shown
    assert all(getattr(param, "help", "") or param.hidden for param in VERBS[verb].params)


@pytest.mark.parametrize("name", Mog.announced)
def test_verbs_are_announced_as_they_explain_themselves(mog: Callable[..., Any], name: str) -> None:
    announced = Mog.announced[name]
    assert announced.help == announced.load(name).help.splitlines()[0]
    assert announced.help in " ".join(mog("-h").out.split())


def test_version(mog: Callable[..., Any]) -> None:
    ended = mog("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"mog {version('mogkit')}\n", "")


def test_without_arguments_it_helps(mog: Callable[..., Any]) -> None:
    ended = mog()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: mog ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nwe"], "error: no such command 'nwe'. Did you mean 'new'?\n  hint: see mog --help\n"),
        (["new"], "error: missing argument 'NAME'\n  hint: see mog new --help\n"),
        (["new", "x", "--templat", "y"], "error: no such option: --templat (Possible options: --template)\n"),
        (["new", "x", "y"], "error: got unexpected extra argument(s) (y)\n"),
    ],
)
def test_wrong_use_is_one_line_and_a_hint(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    ended = mog(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(message)
    assert len(ended.err.splitlines()) == 2


def test_runs_as_a_module(mog_program: Callable[..., Any]) -> None:
    ended = mog_program("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"mog {version('mogkit')}\n", "")


def test_completion_is_offered(mog: Callable[..., Any]) -> None:
    assert "--install-completion" in mog("--help").out


@pytest.mark.parametrize(
    ("words", "completed"), [("mog su", "submit"), ("mog tasks w", "wait"), ("mog submit --prio", "--priority")]
)
def test_completion(directory: Path, words: str, completed: str) -> None:
    environment = {"_MOG_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = [sys.executable, "-c", "from mog_cli.__main__ import main; main()"]
    ended = subprocess.run(program, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [completed]


def test_ctrl_c_while_starting_is_clean() -> None:
    program = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from mog_cli.__main__ import main\n"
        "main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
