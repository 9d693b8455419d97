"""Which calls of a helper count, by what its parameters are."""

import pytest
from tests.lint.scratch import ScratchProject

HELPER = """\
import requests

_kept = None


{helper}


async def work(url, option, options):
    {call}
"""


def is_reported(project: ScratchProject, helper: str, call: str) -> bool:
    project.select = ("MOG203",)
    project.write("a.py", HELPER.format(helper=helper, call=call))
    codes = project.codes()
    assert codes in ([], ["MOG203"])
    return bool(codes)


FLAG = """\
def load(url, fetch=False, *, mode="fast"):
    if fetch:
        requests.get(url)
"""
ELSE = """\
def load(url, cached=None):
    if cached is not None:
        return cached
    elif url == "":
        pass
    else:
        return requests.get(url)
"""
EITHER = """\
def load(url, mode="a", deep=False):
    if mode == "b" or (deep and url):
        requests.get(url)
"""
NEITHER = """\
def load(url, mode="a", deep=False):
    if not (mode == "b" or deep):
        return None
    with lock():
        requests.get(url)
"""
UNKNOWN = """\
def load(url, mode="a"):
    if mode == "b" or url.is_new:
        requests.get(url)
"""
HANDED_ON = """\
def load(name, second="y"):
    return read(name, second)

def read(name, kind):
    if name.startswith("http") and kind != "x":
        requests.get(name)
"""
METHOD = """\
class Base:
    def load(self, url, fetch=False):
        if fetch:
            requests.get(url)

    @staticmethod
    def read(url, fetch=True):
        if not fetch:
            return
        requests.get(url)
"""


@pytest.mark.parametrize(
    ("helper", "call", "expected"),
    [
        (FLAG, "load(url)", False),
        (FLAG, "load(url, False)", False),
        (FLAG, "load(url, fetch=None)", False),
        (FLAG, "load(url, '')", False),
        (FLAG, "load(url, True)", True),
        (FLAG, "load(url, 'yes')", True),
        (FLAG, "load(url, option)", True),
        (FLAG, "load(*options)", True),
        (FLAG, "load(url, **options)", True),
        (FLAG, "load(url, mode='slow')", False),
        (ELSE, "load(url)", True),
        (ELSE, "load('x')", True),
        (ELSE, "load('')", False),
        (ELSE, "load(url, 'text')", False),
        (EITHER, "load(url)", False),
        (EITHER, "load(url, 'b')", True),
        (EITHER, "load(url, 'c')", False),
        (EITHER, "load(url, deep=True)", True),
        (EITHER, "load(None, deep=True)", False),
        (NEITHER, "load(url)", False),
        (NEITHER, "load(url, deep=option)", True),
        (UNKNOWN, "load(url)", True),
        (HANDED_ON, "load('name')", False),
        (HANDED_ON, "load('http:x')", True),
        (HANDED_ON, "load('http:x', 'x')", False),
        (HANDED_ON, "load(url)", True),
        (METHOD, "Base().load(url)", False),
        (METHOD, "Base().load(url, True)", True),
        (METHOD, "Base.read(url)", True),
        (METHOD, "Base.read(url, False)", False),
    ],
)
def test_arguments_decide(project: ScratchProject, helper: str, call: str, expected: bool) -> None:
    assert is_reported(project, helper, call) is expected


def test_a_method_that_is_called_by_its_class(project: ScratchProject) -> None:
    shop = "class Shop(Base):\n    def __init__(self, url):\n        Base.load(self, url, True)\n"
    assert is_reported(project, f"{METHOD}\n\n{shop}", "Shop(url)")


REBOUND = """\
def load(url, fetch=False):
    while url:
        if fetch:
            requests.get(url)
        fetch = ask()
"""
REBOUND_NEVER = """\
def load(url, fetch=False):
    if url == "-":
        url, fetch = ask(), True
    if fetch:
        requests.get(url)
"""


def test_a_parameter_that_is_bound_anew_may_be_anything(project: ScratchProject) -> None:
    assert is_reported(project, REBOUND, "load(url)")
    assert is_reported(project, REBOUND_NEVER, "load(url)")
    assert is_reported(project, REBOUND_NEVER, "load('-')")


def test_but_not_where_it_is_not_bound_anew(project: ScratchProject) -> None:
    assert not is_reported(project, REBOUND_NEVER, "load('x')")


@pytest.mark.parametrize(
    ("helper", "expected"),
    [
        ("    global _kept\n    if _kept is None:\n        _kept = requests.get(URL)\n    return _kept\n", False),
        ("    global _kept\n    if _kept:\n        return _kept\n    _kept = requests.get(URL)\n", False),
        ("    global _kept\n    if _kept is None or _kept.is_old():\n        _kept = requests.get(URL)\n", False),
        ("    global _kept\n    if _kept is not None:\n        _kept = requests.get(URL)\n", True),
        ("    if _kept is None:\n        return requests.get(URL)\n", True),
        ("    if Shop.pages is None:\n        Shop.pages = requests.get(URL)\n", False),
        ("    if Shop.pages is None:\n        requests.get(URL)\n", True),
        ("    shop = Shop()\n    if shop.pages is None:\n        shop.pages = requests.get(URL)\n", True),
    ],
)
def test_what_is_kept_for_the_whole_process(project: ScratchProject, helper: str, expected: bool) -> None:
    assert is_reported(project, f"class Shop:\n    pages = None\n\n\ndef load():\n{helper}", "load()") is expected


SEVERE = """\
import requests
from mog import task

{helper}

async def work(url):
    load(url)

@task(name="shop.look")
async def look(context, url):
    load(url)
"""


@pytest.mark.parametrize(
    ("body", "severities"),
    [
        ("    requests.get(url)\n", ["error", "error"]),
        ("    if not url:\n        raise ValueError\n    requests.get(url)\n", ["error", "error"]),
        (
            "    for part in url:\n        if not part:\n            continue\n        requests.get(part)\n",
            ["error"] * 2,
        ),
        ("    try:\n        requests.get(url)\n    except OSError:\n        pass\n", ["error", "error"]),
        ("    if url.is_old:\n        requests.get(url)\n", ["info", "warning"]),
        ("    if url.is_new:\n        return\n    requests.get(url)\n", ["info", "warning"]),
        ("    try:\n        url.find()\n    except OSError:\n        requests.get(url)\n", ["info", "warning"]),
        ("    if url.is_old:\n        pass\n    else:\n        read(url)\n", ["info", "warning"]),
        ("    read(url)\n", ["error", "error"]),
        ("    read(url, deep=False)\n", []),
        ("    open(url)\n", ["info", "warning"]),
        ("    if url.is_old:\n        requests.get(url)\n    requests.post(url)\n", ["error", "error"]),
    ],
)
def test_what_happens_sometimes_is_less_severe(project: ScratchProject, body: str, severities: list[str]) -> None:
    read = "def read(url, deep=True):\n    if deep:\n        requests.get(url)\n\n\n"
    project.select = ("MOG203",)
    project.write("a.py", SEVERE.format(helper=f"{read}def load(url):\n{body}"))
    found = project.lint()
    assert [finding.severity.name.lower() for finding in found] == severities
    assert [(" may block" in finding.message) for finding in found] == [
        severity != "error" and "open" not in body for severity in severities
    ]
