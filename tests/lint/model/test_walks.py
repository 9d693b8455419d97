"""A function that has not changed is not walked again, unless what its names stand for has changed."""

import random

import pytest
from tests.lint.model.test_pieces import assert_same, parsed

from mog_lint.analysis import Analyst
from mog_lint.model import harvest
from mog_lint.model.walks import Walk

STATEMENTS = (
    "import time\n",
    "from time import sleep as wait\n",
    "from far import *\n",
    "wait = other.thing\n",
    "LIMIT = 3\n",
    "Base = object\n",
    "class Held(Base):\n    def __init__(self, path: Base):\n        self.path = path\n        self.wait = wait()\n",
    "class Held:\n    LIMIT = 5\n    def __init__(self):\n        self.path = wait\n    def f(self): return LIMIT\n",
    "def pause(path):\n    wait(LIMIT)\n    time.sleep(path)\n    return wait\n",
    "def pause(path):\n    return Held(path).path\n",
    "async def run(held: Held, wait=wait):\n    for item in held:\n        await wait(item, timeout=LIMIT)\n",
    "def outer():\n    if LIMIT:\n        def inner(): wait()\n    else:\n        inner = 1\n    return inner\n",
    "if LIMIT:\n    def late(x: Base): return wait(x)\nelse:\n    def late(x: Base): return pause(x)\n",
    "async def stop(task):\n    try:\n        await held.task\n    except Exception:\n        wait(1)\n",
    "def end(self):\n    held.task.cancel()\n    held = lambda: wait()\n",
)
FILLING = "".join(f"x{number} = 1\n" for number in range(40))  # so that a version is much like the one before


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions that were not walked again."""
    names: list[str] = []
    take_over = harvest.Harvest.take_over

    def noting(self: harvest.Harvest, walk: Walk) -> Walk:
        names.append(walk.body.function.name.value)
        return take_over(self, walk)

    monkeypatch.setattr(harvest.Harvest, "take_over", noting)
    return names


@pytest.mark.parametrize("seed", range(20))
def test_names_that_come_and_go_give_the_same_as_a_first_walk(seed: int, taken_over: list[str]) -> None:
    draw = random.Random(seed)
    analyst, lines = Analyst(), [draw.choice(STATEMENTS) for _ in range(10)]
    for _ in range(15):
        at = draw.randrange(len(lines))
        lines[at : at + draw.randrange(2)] = draw.sample(STATEMENTS, draw.randrange(2))
        lines = lines or [draw.choice(STATEMENTS)]
        text = "".join([*lines, FILLING])
        assert_same(parsed(analyst.analyse(text.encode())), text)
    assert len(taken_over) > 10


def test_what_is_walked_again_is_what_may_have_changed(taken_over: list[str]) -> None:
    text = "from time import sleep\ndef one(): sleep()\ndef two(): other()\ndef three(sleep): sleep()\n" + FILLING
    analyst = Analyst()
    for version in (text, text + "y = 1\n", text + "y = 2\n"):
        analyst.analyse(version.encode())
    assert taken_over == ["one", "two", "three"]
    taken_over.clear()
    analyst.analyse(text.replace("time", "tame").encode())
    assert taken_over == ["two", "three"]
    taken_over.clear()
    analyst.analyse(f"def other(): ...\n{text}".encode())
    assert taken_over == ["three"]


def test_a_first_look_keeps_nothing() -> None:
    assert parsed(Analyst().analyse(b"def f(): ...\n")).walks == {}
