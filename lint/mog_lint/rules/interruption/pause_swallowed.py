"""MOG301 pause-swallowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.blocks import Block, Kind
from mog_lint.model.interruptions import KEEPING, Interruption
from mog_lint.model.summary import Function
from mog_lint.pausing import let_pass_fix
from mog_lint.rule import Bad, Good, RelatedSite, Report, Rule, RuleContext


class PauseSwallowed(Rule):
    """A task that catches its own Pause or Retry.

    What it does
    ------------
    Reports `except Exception`, `except BaseException`, a bare `except` and `suppress` of these, in tasks and in what
    they call, around what puts the task back: a `raise` of Pause or Retry, `context.pause()`, a loop over
    `context.checkpointed(…)`, and functions of the project that do one of these, at any depth. Handlers that raise anew
    what they caught are left alone, and those that first look at it; so is a handler that names Pause or Retry, which
    is on purpose.

    The fix puts a handler before it that lets them pass. A `suppress` has none.

    The exceptions by which the tasks of Celery, arq, dramatiq and streaq ask to be run again are known too.

    Why
    ---
    Pause and Retry are exceptions, so that they leave the task from wherever they are raised. Who catches every error
    catches them too: the task goes on as if it had not asked to be put back, or fails.
    """

    code = "MOG301"
    name = "pause-swallowed"
    severity = Severity.ERROR
    fixes = (Applicability.SAFE,)
    examples = (
        Bad(
            "around a raise",
            'from mog import Pause, task\n\n\n@task(name="shop.publish")\nasync def publish(context, order):\n'
            "    try:\n"
            "        if not await paid(order):\n            raise Pause(delay=60)\n        await send(order)\n"
            "    except Exception as error:\n        print(error)\n",
            marked=("except Exception as error",),
            fixed='from mog import Pause, task\n\n\n@task(name="shop.publish")\nasync def publish(context, order):\n'
            "    try:\n        if not await paid(order):\n            raise Pause(delay=60)\n"
            "        await send(order)\n"
            "    except Pause:\n        raise\n    except Exception as error:\n        print(error)\n",
        ),
        Bad(
            "methods of the context, without an import",
            'from mog import Context, task\n\n\n@task(name="shop.send")\nasync def send(context: Context, orders):\n'
            "    try:\n        async for order in context.checkpointed(orders):\n            await order.send()\n"
            "    except:\n        context.pause(delay=60)\n    try:\n        context.pause(delay=60)\n"
            "    except ValueError:\n        pass\n    except BaseException:\n        return\n",
            marked=("except", "except BaseException"),
            fixed="import mog\nfrom mog import Context, task\n\n\n"
            '@task(name="shop.send")\nasync def send(context: Context, orders):\n'
            "    try:\n        async for order in context.checkpointed(orders):\n            await order.send()\n"
            "    except mog.Pause:\n        raise\n    except:\n        context.pause(delay=60)\n    try:\n"
            "        context.pause(delay=60)\n    except ValueError:\n        pass\n    except mog.Pause:\n"
            "        raise\n"
            "    except BaseException:\n        return\n",
        ),
        Bad(
            "through functions of two modules",
            "from mog import Pause, Retry, task\nfrom .orders import check\n\n\n"
            '@task(name="shop.publish")\nasync def publish(context, order):\n\ttry:\n\t\tawait check(order)\n'
            "\texcept Exception:  # whatever\n\t\tprint(order)\n",
            path="shop/tasks.py",
            files={
                "shop/__init__.py": "",
                "shop/orders.py": "from mog import Retry\nfrom .wait import wait\n\n\nasync def check(order):\n"
                "    if not order.paid:\n        wait(order)\n    if not order.sent:\n        raise Retry\n",
                "shop/wait.py": "from mog import Pause\n\n\ndef wait(order):\n    raise Pause(order.delay)\n",
            },
            marked=("except Exception",),
            fixed="from mog import Pause, Retry, task\nfrom .orders import check\n\n\n"
            '@task(name="shop.publish")\nasync def publish(context, order):\n\ttry:\n\t\tawait check(order)\n'
            "\texcept (Pause, Retry):\n\t\traise\n\texcept Exception:  # whatever\n\t\tprint(order)\n",
        ),
        Bad(
            "another error instead, or only sometimes raised anew",
            'from mog import Retry, task\n\n\n@task(name="shop.a")\ndef a(context):\n    try:\n        raise Retry\n'
            "    except Exception as error:\n        raise ValueError from error\n\n\n"
            '@task(name="shop.b")\ndef b(context, tries):\n    error = Retry(5)\n    try:\n        raise error\n'
            "    except Exception:\n        if tries > 3:\n            raise\n",
            marked=("except Exception as error", "except Exception"),
            fixed='from mog import Retry, task\n\n\n@task(name="shop.a")\ndef a(context):\n    try:\n'
            "        raise Retry\n"
            "    except Retry:\n        raise\n    except Exception as error:\n"
            "        raise ValueError from error\n\n\n"
            '@task(name="shop.b")\ndef b(context, tries):\n    error = Retry(5)\n    try:\n        raise error\n'
            "    except Retry:\n        raise\n    except Exception:\n        if tries > 3:\n            raise\n",
        ),
        Bad(
            "suppress",
            "from contextlib import suppress\nfrom mognet import task\n"
            'from mognet.exceptions.task_exceptions import Pause\n\n\n@task(name="shop.publish")\n'
            "async def publish(context, order):\n    with suppress(Exception):\n        raise Pause\n",
            marked=("suppress(Exception)",),
        ),
        Bad(
            "retry of Celery",
            "from celery import shared_task\n\n\n@shared_task(bind=True)\ndef publish(self, order):\n    try:\n"
            "        if not order.paid():\n            raise self.retry(countdown=60)\n    except Exception as error:\n"
            "        print(error)\n",
            config={"task_decorators": ("celery.shared_task",)},
            marked=("except Exception as error",),
        ),
        Good(
            "raised anew",
            'from mog import Pause, task\n\n\n@task(name="shop.publish")\nasync def publish(context, order):\n'
            "    try:\n"
            "        raise Pause(delay=60)\n    except Exception as error:\n        print(error)\n        raise\n",
        ),
        Good(
            "on purpose",
            'from mog import Pause, Retry, task\n\n\n@task(name="a")\nasync def a(context):\n    try:\n'
            "        raise Pause(delay=60)\n    except (Pause, Retry):\n        print('not now')\n"
            "    except Exception:\n        print('failed')\n",
        ),
        Good(
            "looked at",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context):\n    try:\n'
            "        raise Pause(delay=60)\n    except Exception as error:\n        if isinstance(error, Pause):\n"
            "            raise\n        print(error)\n",
        ),
        Good(
            "beside it",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, orders):\n    try:\n'
            "        await work()\n    except Exception:\n        raise Pause(delay=60)\n    else:\n"
            "        raise Pause(delay=5)\n    finally:\n        context.pause()\n\n\n"
            '@task(name="b")\nasync def b(context, orders):\n    for order in context.checkpointed(orders):\n'
            "        try:\n            await order.send()\n        except Exception:\n            print(order)\n",
        ),
        Good(
            "own Pause",
            "from mog import task\n\n\nclass Pause(Exception): ...\n\n\n"
            '@task(name="a")\nasync def a(context):\n    try:\n        raise Pause\n    except Exception:\n'
            "        pass\n",
        ),
        Good(
            "kept by the helper already",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context):\n    try:\n        await work()\n'
            "    except Exception:\n        pass\n\n\nasync def work():\n    try:\n        raise Pause\n"
            "    except Pause:\n        pass\n",
        ),
        Good(
            "helper that is not awaited, inner function",
            'import asyncio\nfrom mog import Pause, task\n\n\n@task(name="a")\nasync def a(context):\n'
            "    def later():\n        raise Pause\n\n    try:\n        asyncio.create_task(work())\n"
            "    except Exception:\n        pass\n\n\nasync def work():\n    raise Pause\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report what keeps interruptions from leaving a task."""
        for function in context.module.summary.functions:
            for block, kept in _kept(function, context).items():
                raised = sorted({item.raised for item in kept})
                names = " and ".join(name.rpartition(".")[2] for name in raised)
                what = "suppress" if block.kind is Kind.SUPPRESS else "except"
                message = f"{names} cannot put the task back from here: this `{what}` catches it"
                fix = None if block.kind is Kind.SUPPRESS else let_pass_fix(raised, context.module, context.project)
                yield Report(block.site, message, fix, _sources(kept))


def _kept(function: Function, context: RuleContext) -> dict[Block, list[Interruption]]:
    """Return the blocks that keep interruptions unawares, with these."""
    found: dict[Block, list[Interruption]] = defaultdict(list)
    if not any(block.kind in KEEPING for block in function.blocks):
        return found  # before it is worked out what runs in tasks, which takes all of them
    for item in context.interruptions.of(function, context.module):
        keeper = context.interruptions.keeper(item.number, function, context.module)
        if keeper is not None and not context.interruptions.is_on_purpose(keeper, context.module):
            found[keeper].append(item)
    return found


def _sources(kept: list[Interruption]) -> tuple[RelatedSite, ...]:
    """Return where those are raised that come from other functions."""
    places = {item.source: item.raised for item in kept if item.is_from_callee}
    return tuple(
        RelatedSite(home, site, f"{raised.rpartition('.')[2]} is raised here")
        for (home, site), raised in places.items()
    )
