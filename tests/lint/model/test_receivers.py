"""What is called on what: receivers behind properties, and lambdas under a name."""

import pytest
from tests.lint.scratch import ScratchProject, places

CLASS = """\
import functools, requests
from functools import cached_property

class Client:
    {decorator}
    def session(self){returns}:
        return {value}

    async def fetch(self, url):
        return self.session.get(url)
"""


@pytest.mark.parametrize("decorator", ["@property", "@cached_property", "@functools.cached_property"])
@pytest.mark.parametrize(
    ("returns", "value"),
    [
        (" -> requests.Session", "make()"),
        (" -> 'requests.Session | None'", "requests.Session()"),
        ("", "requests.Session()"),
    ],
)
def test_a_property_gives_what_it_returns(project: ScratchProject, decorator: str, returns: str, value: str) -> None:
    project.select = ("MOG201",)
    project.write("client.py", CLASS.format(decorator=decorator, returns=returns, value=value))
    assert places(project.lint()) == [("client.py", 10)]


def test_a_property_gives_what_an_attribute_holds(project: ScratchProject) -> None:
    project.select = ("MOG201",)
    held = CLASS.format(decorator="@property", returns="", value="self._session")
    project.write("client.py", held + "\n    def __init__(self):\n        self._session = requests.Session()\n")
    assert places(project.lint()) == [("client.py", 10)]


def test_a_property_of_a_base_in_another_module(project: ScratchProject) -> None:
    project.select = ("MOG201",)
    project.write("base.py", CLASS.format(decorator="@property", returns="", value="requests.Session()"))
    project.write(
        "shop.py",
        "from base import Client\nclass Shop(Client): ...\nasync def work(shop: Shop):\n    shop.session.get('x')\n"
        "    with shop.session as s:\n        s.get('x')\n",
    )
    assert places(project.lint("shop.py")) == [("shop.py", 4), ("shop.py", 6)]


@pytest.mark.parametrize(
    ("decorator", "value"),
    [("", "requests.Session()"), ("@other", "requests.Session()"), ("@property", "self.session")],
)
def test_a_method_that_is_not_called_gives_nothing(project: ScratchProject, decorator: str, value: str) -> None:
    project.select = ("MOG201",)
    project.write("client.py", CLASS.format(decorator=decorator, returns="", value=value))
    assert project.lint() == []


LAMBDAS = {
    "of the module": ("load = lambda url: requests.get(url)\nasync def work(url):\n    load(url)\n", 3),
    "two names": ("first = load = lambda url: requests.get(url)\nasync def work(url):\n    load(url)\n", 3),
    "of the function": ("async def work(url):\n    load = lambda: requests.get(url)\n    load()\n", 3),
    "over a helper": (
        "def get(url):\n    requests.get(url)\nload = lambda url: get(url)\nasync def work(u):\n    load(u)\n",
        5,
    ),
    "what it returns": ("new = lambda: requests.Session()\nasync def work(url):\n    new().get(url)\n", 3),
}
OTHERS = {
    "handed on": "load = lambda: requests.get(1)\nasync def work(loop):\n    loop.run_in_executor(None, load)\n",
    "its parameter": "load = lambda requests: requests.get(1)\nasync def work(url):\n    load(url)\n",
    "rest of its parameters": "load = lambda *a, k=1, **requests: requests.get(1)\nasync def work():\n    load()\n",
    "without a name": "async def work(run, url):\n    run(lambda: requests.get(url))\n",
    "bound anew": "load = lambda url: requests.get(url)\nload = other\nasync def work(url):\n    load(url)\n",
    "a lambda in it": "load = lambda url: lambda: requests.get(url)\nasync def work(url):\n    load(url)\n",
}


@pytest.mark.parametrize(("source", "row"), LAMBDAS.values(), ids=LAMBDAS)
def test_a_lambda_under_a_name_is_followed(project: ScratchProject, source: str, row: int) -> None:
    project.select = ("MOG201", "MOG203")
    project.write("work.py", f"import requests\n{source}")
    assert places(project.lint()) == [("work.py", row + 1)]


@pytest.mark.parametrize("source", OTHERS.values(), ids=OTHERS)
def test_other_lambdas_are_not(project: ScratchProject, source: str) -> None:
    project.select = ("MOG201", "MOG203")
    project.write("work.py", f"import requests\n{source}")
    assert project.lint() == []


@pytest.mark.parametrize(
    "use",
    [
        "for file in root.rglob('*'):\n        {0}",
        "for file in sorted(list(root.iterdir())):\n        {0}",
        "return [{0} for file in root.glob('*')]",
        "return [{0} for names in x for file in Path(names).glob('*')]",
    ],
)
def test_what_a_directory_holds_are_paths(project: ScratchProject, use: str) -> None:
    project.select = ("MOG202",)
    text = f"from pathlib import Path\nasync def work(root: Path, x):\n    {use.format('file.read_bytes()')}\n"
    project.write("work.py", text)
    messages = [finding.message for finding in project.lint()]
    assert [message for message in messages if message.startswith("`pathlib.Path.read_bytes`")]


def test_the_target_of_another_loop_hides_a_name(project: ScratchProject) -> None:
    project.select = ("MOG2",)
    loop = "for {0} in enumerate(root.glob('*')):\n        file.read_bytes()\n"
    text = "from pathlib import Path\nasync def work(root: Path, file: Path):\n    "
    project.write("work.py", text + loop.format("file"))
    assert [finding.location.row for finding in project.lint()] == [3]
    project.write("work.py", text + loop.format("number, file"))
    assert [finding.location.row for finding in project.lint()] == [3]
