"""MOG203 blocking-call-via-helper."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind
from mog_lint.findings import Severity
from mog_lint.model.chains import Chain
from mog_lint.offloading import advice
from mog_lint.rule import Bad, Good, RelatedSite, Report, Rule, RuleContext


class BlockingCallViaHelper(Rule):
    """A coroutine that calls a function of the project that blocks, itself or through others.

    What it does
    ------------
    Reports, in the body of an `async def`, calls of plain functions, methods and classes of the project that lead to
    what MOG201, MOG202, MOG204 and MOG207 report, over a few calls and across modules, and shows the way. A
    coroutine is told once of each blocking call. It is an error where the helpers always get there. Where they do so
    under some condition only, or where it is files that they wait for, it is a warning in tasks and in what these
    await, and an information elsewhere: much of that happens once, at a start, or hardly ever.

    Not followed are functions under decorators that may run them elsewhere or not at all, as a cache does, generators,
    and what is handed over uncalled.
    Left alone are locks in helpers, what a helper does the first time only, to keep it in a name of the module or of
    a class, and what it does not do with the arguments that it is given, where these are constants.

    Commands of click, typer and cyclopts, and functions that these alone call, may block: see MOG201.

    Why
    ---
    The event loop stands still all the same, and nobody sees it: the coroutine calls a harmless name.

    Options
    -------
    `call-depth`: over how many calls a coroutine is followed, 4 unless said.
    `blocking-calls` and `non-blocking-calls`: see MOG201.
    """

    code = "MOG203"
    name = "blocking-call-via-helper"
    severity = Severity.ERROR
    examples = (
        Bad(
            "one call away",
            "import requests\n\n\ndef load(url):\n    return requests.get(url)\n\n\nasync def work(url):\n"
            "    return load(url).text\n",
            marked=("load(url)",),
        ),
        Bad(
            "in another module, three calls away",
            "from .pages import Pages\n\n\nasync def work():\n    pages = Pages()\n    return pages.first()\n",
            path="shop/work.py",
            files={
                "shop/__init__.py": "",
                "shop/pages.py": "import requests\n\n\nasync def nothing(): ...\n\n\nclass Pages:\n"
                "    def __init__(self):\n        self.session = requests.Session()\n\n"
                '    def first(self):\n        return self.load("1")\n\n    def load(self, name):\n'
                "        return self._get(name)\n\n    def _get(self, name):\n        return self.session.get(name)\n",
            },
            marked=("pages.first()",),
        ),
        Bad(
            "a module without coroutines",
            "from shop import pages\n\n\nasync def work():\n    return pages.load()\n",
            path="shop/work.py",
            files={
                "shop/__init__.py": "",
                "shop/pages.py": "from .net import fetch as get\n\n\ndef load():\n    return get()\n",
                "shop/net.py": "import requests\n\n\ndef fetch():\n    return requests.get(URL)\n",
            },
            marked=("pages.load()",),
        ),
        Good(
            "handed to a thread",
            "import asyncio, requests\n\n\ndef load(url):\n    return requests.get(url)\n\n\nasync def work(url):\n"
            "    return await asyncio.to_thread(load, url)\n",
        ),
        Good(
            "cached",
            "import functools, requests\n\n\n@functools.cache\ndef load(url):\n    return requests.get(url)\n\n\n"
            "async def work(url):\n    return load(url)\n",
        ),
        Good(
            "only created",
            "import time\n\n\ndef steps():\n    time.sleep(1)\n    yield 1\n\n\n"
            "async def work():\n    return steps()\n",
        ),
        Good(
            "what the helper hands on",
            "import requests\n\n\ndef load(pool, url):\n    return pool.submit(lambda: requests.get(url))\n\n\n"
            "async def work(pool, url):\n    return load(pool, url)\n",
        ),
        Bad(
            "where a parameter asks for it",
            "import requests\n\n\ndef load(url, cached=True):\n    if cached:\n        return look_up(url)\n"
            "    return requests.get(url)\n\n\n"
            'def read(name):\n    if name == "-":\n        name = input()\n    if name.startswith("http:"):\n'
            "        return requests.get(name)\n    return name\n\n\n"
            'async def work(url, option):\n    load(url, cached=False)\n    load(url, option)\n    read("http:x")\n',
            marked=("load(url, cached=False)", 'read("http:x")'),
        ),
        Good(
            "where a parameter forbids it",
            "import requests\n\n\ndef load(url, cached=True, mode=None):\n    if cached and mode is None:\n"
            "        return look_up(url)\n"
            "    return requests.get(url)\n\n\ndef read(name):\n    if name.startswith('file:'):\n"
            "        name = name.removeprefix('file:')\n    if name.startswith('http:'):\n"
            "        return requests.get(name)\n    return name\n\n\ndef read_all(first, second):\n"
            "    return read(first), read(second)\n\n\n"
            "class Shop:\n    def look(self, name, ask=False):\n        if not ask:\n            return name\n"
            "        return requests.get(name)\n\n\n"
            "async def work(url, shop: Shop):\n"
            "    return load(url), read('name'), read_all('one', 'two'), shop.look(url)\n",
        ),
        Good(
            "the first time in a process",
            "import requests\n\n_prices = None\n\n\ndef prices():\n    global _prices\n    if _prices is None:\n"
            "        _prices = requests.get('https://shop/prices').json()\n    return _prices\n\n\n"
            "class Shop:\n    instance = None\n\n    @classmethod\n    def get(cls):\n        if not cls.instance:\n"
            "            cls.instance = cls.load()\n        return cls.instance\n\n"
            "    @classmethod\n    def load(cls):\n"
            "        return requests.get('https://shop')\n\n\n"
            "def rates():\n    global _rates\n    if _rates:\n        return _rates\n"
            "    _rates = requests.get('https://shop/rates')\n    return _rates\n\n\n"
            "async def work():\n    return prices(), Shop.get(), rates()\n",
        ),
        Good("of itself", "def load(url):\n    return load(url)\n\n\nasync def work(url):\n    return load(url)\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report calls that lead to a blocking one."""
        for chain in context.views.chains.chains(context.module):
            yield Report(
                chain.call.site, _message(chain), chain=tuple(_related(chain)), severity=_severity(chain, context)
            )


def _severity(chain: Chain, context: RuleContext) -> Severity:
    if chain.is_certain and chain.blocked.blocking.kind is not Kind.FILE:
        return Severity.ERROR
    in_task = context.interruptions.runs_in_task(chain.coroutine, context.module)
    return Severity.WARNING if in_task else Severity.INFO


def _message(chain: Chain) -> str:
    blocking = chain.blocked.blocking
    way = " → ".join(f"`{step.function.qualname}`" for step in chain.steps)
    blocks = "blocks" if chain.is_certain else "may block"
    return f"{way} → `{blocking.title}` {blocks} the event loop: {advice(blocking)}, or await the call in a thread"


def _related(chain: Chain) -> Iterator[RelatedSite]:
    for step in chain.steps[:-1]:
        yield RelatedSite(step.module, step.site, f"`{step.function.qualname}` calls on")
    last = chain.steps[-1]
    yield RelatedSite(last.module, last.site, f"`{last.function.qualname}` blocks here")
