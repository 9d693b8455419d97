"""Failures in a fleet of mog and the real Mognet 2.0.0: each side raises the same type."""

from __future__ import annotations

import pytest
from pydantic_core import from_json

from mog import App, Request, Result
from mog.engine.records import Record
from mog.errors import (
    CouldNotSubmit,
    InvalidErrorInfo,
    InvalidTaskArguments,
    MogError,
    NotConnected,
    ResultError,
    ResultLost,
    ResultNotReady,
    ResultValueLost,
    TaskFailed,
    TooManyRetries,
    UnknownTask,
)
from mog.known_types import KnownTypes
from mog.remote_errors import RemoteError, error_to_json
from mog.task import Registry

from .fleet_tasks import FAILURES, ID
from .mognet_fleet import Fleet, MognetProcess, mogs_app

pytestmark = pytest.mark.timeout(300)  # the first may have to install Mognet


@pytest.mark.parametrize("how", FAILURES)
async def test_what_fails_on_mog_is_raised_by_mognet(fleet: Fleet, how: str) -> None:
    error = FAILURES[how]
    async with fleet.worker():
        raised = await fleet.mognet.outcome(await fleet.mognet.submit("mog.fail", how))
    assert raised == ["FAILURE", type(error).__name__, str(error)]


@pytest.mark.parametrize("how", FAILURES)
async def test_what_fails_on_mognet_is_raised_by_mog(fleet: Fleet, how: str) -> None:
    error = FAILURES[how]
    with pytest.raises(type(error)) as caught:
        await (await fleet.submit("mognet.fail", how))
    assert (str(caught.value), caught.value.args) == (str(error), error.args)
    assert "fleet_tasks.py" in str(caught.value.__cause__)


async def test_mogs_own_errors_are_mognets_over_there(fleet: Fleet) -> None:
    async with fleet.worker():
        unknown = await fleet.mognet.submit("mog.unheard-of", queue_name="mog")
        state, type_name, text = await fleet.mognet.outcome(unknown)
        assert (state, type_name) == ("INVALID", "UnknownTask")
        assert text.startswith("Unknown task: 'mog.unheard-of'")
        state, type_name, text = await fleet.mognet.outcome(await fleet.mognet.submit("mog.sleep", "long"))
        assert (state, type_name) == ("INVALID", "InvalidTaskArguments")
        assert "InvalidErrorInfo(loc=('seconds',), msg='Input should be a valid number" in text


async def test_mognets_own_errors_are_mogs_here(fleet: Fleet) -> None:
    with pytest.raises(UnknownTask, match=r"'mognet\.unheard-of'"):
        await (await fleet.submit("mognet.unheard-of", queue_name="mognet"))
    with pytest.raises(InvalidTaskArguments) as caught:
        await (await fleet.submit("mognet.sleep", "long"))
    [info] = caught.value.errors
    assert (info.loc, info.type) == ((1,), "float_parsing")


OWN = [
    UnknownTask("x"),
    InvalidTaskArguments([InvalidErrorInfo(("a", 0), "it's no int", "int"), InvalidErrorInfo((1,), "no", "int")]),
    TooManyRetries(ID, 4, 3),
    ResultNotReady(),
    ResultLost(ID),
    ResultValueLost(ID),
    CouldNotSubmit("no: 'ü'"),
    NotConnected("no"),
    ResultError("no"),
    MogError("no"),
]


@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
async def test_each_of_mogs_own_errors_comes_back_from_mognet(process: MognetProcess, error: MogError) -> None:
    raw = from_json(error_to_json(error, 10_000, mognet=True))["raw_value"]
    back = await process.pass_on(raw)
    assert back["name"] == raw["name"]
    known = KnownTypes(Registry())
    here = RemoteError.from_raw(back, known).rebuild(Result(App(), Record(ID)), known)
    assert (type(here), str(here)) == (type(error), str(error))
    assert {**vars(here), "__notes__": []} == {**vars(error), "__notes__": []}


async def test_a_failure_of_a_child_passes_through_a_parent_on_the_other_side(fleet: Fleet) -> None:
    async with fleet.worker():
        state, type_name, _ = await fleet.mognet.outcome(await fleet.mognet.submit("mog.ask", "mognet.fail", "own"))
        assert (state, type_name) == ("FAILURE", "Declined")
        with pytest.raises(type(FAILURES["own"])):
            await (await fleet.submit("mognet.ask", "mog.fail", "own"))


async def test_a_failure_of_a_class_that_is_not_known_here_is_told(fleet: Fleet) -> None:
    config = fleet.app.config
    stranger = mogs_app(fleet.app.name, config.broker, config.results)
    async with stranger:
        with pytest.raises(TaskFailed) as caught:
            await (await stranger.submit(Request(name="mognet.fail", args=("own",))))
    assert caught.value.type_name.endswith("fleet_tasks:Declined")
    assert caught.value.message == "E42"
