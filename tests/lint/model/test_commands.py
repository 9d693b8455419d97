"""Commands may block, and what is theirs alone."""

import pytest
from tests.lint.scratch import ScratchProject, places

HELPER = (
    "import asyncio, subprocess\n\nasync def show(name):\n    subprocess.run(['print', name])\n    read(name)\n\n\n"
)
HELPER += "def read(name):\n    return open(name).read()\n"
COMMANDS = [
    "import typer\nfrom helper import show\napp = typer.Typer()\n@app.command()\n",
    "import cyclopts\nfrom helper import show\napp: cyclopts.App = cyclopts.App()\n@app.default\n",
    "import click\nfrom helper import show\n@click.command()\n@click.argument('name')\n",
]


@pytest.fixture
def project(project: ScratchProject) -> ScratchProject:
    project.select = ("MOG2",)
    project.write("helper.py", HELPER)
    return project


@pytest.mark.parametrize("head", COMMANDS)
def test_what_a_command_does_alone_keeps_nobody_waiting(project: ScratchProject, head: str) -> None:
    project.write("cli.py", f"{head}async def cli(name):\n    open(name)\n    await show(name)\n")
    assert project.codes() == []


@pytest.mark.parametrize("head", COMMANDS)
def test_what_others_do_too_is_told(project: ScratchProject, head: str) -> None:
    project.write("cli.py", f"{head}async def cli(name):\n    await show(name)\n")
    project.write("serve.py", "from helper import show\nasync def serve(names):\n    await show(names.pop())\n")
    assert places(project.lint()) == [("helper.py", 4), ("helper.py", 5)]


def test_what_nobody_is_seen_to_call_is_told(project: ScratchProject) -> None:
    project.write("cli.py", f"{COMMANDS[0]}async def cli(name):\n    print(name)\n")
    assert project.codes() == ["MOG201", "MOG203"]


def test_a_command_of_a_chat_is_none(project: ScratchProject) -> None:
    project.write(
        "bot.py", "from discord.ext import commands\n@commands.command()\nasync def look(ctx):\n    open('x')\n"
    )
    assert project.codes("bot.py") == ["MOG202"]


def test_functions_that_call_each_other_end(project: ScratchProject) -> None:
    turns = "async def a(n):\n    input()\n    await b(n)\nasync def b(n):\n    await a(n)\n"
    project.write("cli.py", f"{COMMANDS[0]}async def cli(name):\n    await a(name)\n{turns}")
    assert project.codes("cli.py") == ["MOG201"]
