"""Mognet's module paths and names: each is here, or it is said why not."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mog
from mog.errors import ConfigError, EngineError, MogError, UnknownTask
from mog.mognet.names import ABSENT, MODULES, why_absent
from mog.mognet.settings import FLAT, NEEDLESS
from mog.task import Registry

from . import mognet_2_0_0

DOCS = (Path(__file__).parents[3] / "docs" / "mognet.md").read_text("utf-8")

NAMES = [(module, name) for module, names in mognet_2_0_0.MODULES.items() for name in names.split()]

OTHERWISE = {
    "App.purge_control_queue",
    "AppConfig.max_reconnect_retries",
    "AppConfig.max_tasks",
    "AppConfig.reconnect_interval",
    "BaseBroker.add_connection_failed_callback",
    "BaseBroker.close",
    "BaseBroker.connect",
    "BaseBroker.consume_control_queue",
    "BaseBroker.consume_tasks",
    "BaseBroker.purge_control_queue",
    "BaseBroker.send_control_message",
    "BaseBroker.send_query_message",
    "BaseBroker.send_reply",
    "BaseBroker.send_task_message",
    "BaseBroker.set_control_prefetch",
    "BaseBroker.set_task_prefetch",
    "BaseBroker.setup_control_queue",
    "BaseBroker.setup_task_queue",
    "BaseResultBackend.add_children",
    "BaseResultBackend.set",
    "BaseResultBackend.set_value",
    "BaseStateBackend.close",
    "BaseStateBackend.connect",
    "InvalidTaskArguments.from_validation_error",
    "MemoryResultBackend.add_children",
    "MemoryResultBackend.set",
    "MemoryResultBackend.set_value",
    "Queues.ensure_valid",
    "Queues.is_valid",
    "RedisResultBackend.add_children",
    "RedisResultBackend.set",
    "RedisResultBackend.set_value",
    "Result.resume",
    "Result.start",
    "Result.suspend",
    "ResultChildren.add",
    "ResultValue.set_raw_value",
    "ResultValueHolder.not_ready",
}
"""Members that mog has not; docs/mognet.md says why."""


def load(module: str) -> Any:
    return importlib.import_module(f"mog.{module}" if module else "mog")


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_is_there_or_it_is_said_why_not(module: str, name: str) -> None:
    reason = why_absent(f"{module}.{name}")
    if reason is None:
        assert getattr(load(module), name) is not None
        return
    with pytest.raises(ImportError) as raised:
        exec(f"from mog.{module} import {name}", {})
    if not module.startswith("worker"):  # a module of our own, which knows nothing of Mognet
        assert str(raised.value).endswith(f"of Mognet's: {reason}")
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("module", [module for module, names in mognet_2_0_0.MODULES.items() if not names and module])
def test_a_package_can_be_imported(module: str) -> None:
    if module == "tools.backports":
        with pytest.raises(ModuleNotFoundError, match="it is a helper of Mognet's own"):
            load(module)
    else:
        assert load(module).__name__ == f"mog.{module}"


def test_who_looks_for_the_files_of_all_modules_meets_no_error() -> None:
    assert getattr(load("cli"), "__file__", None) is None


def test_nothing_is_listed_that_mognet_has_not() -> None:
    theirs = mognet_2_0_0.MODULES
    assert theirs.keys() >= MODULES.keys()
    for module, names in MODULES.items():
        also = {"ResultFailed", "ResultNotReady", "ResultState", "Revoked"} if module == "model.result" else set()
        assert set(names.split()) <= set(theirs[module].split()) | also, module
    known = {*theirs, *(f"{module}.{name}" for module, name in NAMES)}
    assert known >= ABSENT.keys()


def test_type_checkers_see_the_same_names() -> None:
    home = importlib.import_module("mog.mognet")
    assert set(home.__all__) == {name for names in MODULES.values() for name in names.split()}


@pytest.mark.parametrize("cls", mognet_2_0_0.MEMBERS)
def test_members_of_a_class(cls: str) -> None:
    ours: Any = getattr(importlib.import_module("mog.mognet"), cls)
    attributes = {*dir(ours), *getattr(ours, "__annotations__", {}), *getattr(ours, "model_fields", {})}
    for base in inspect.getmro(ours):
        if inspect.isfunction(made := base.__init__):
            attributes.update(made.__code__.co_names)
    missing = {f"{cls}.{member}" for member in mognet_2_0_0.MEMBERS[cls].split() if member not in attributes}
    assert missing == {name for name in OTHERWISE if name.startswith(f"{cls}.")}


@pytest.mark.parametrize("name", [*ABSENT, *FLAT, *NEEDLESS])
def test_the_documentation_tells_of_it(name: str) -> None:
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("member", sorted({name.partition(".")[2] for name in OTHERWISE}))
def test_the_documentation_tells_of_members(member: str) -> None:
    assert re.search(rf"`(\w+\.)?{member}`", DOCS)


def test_the_names_are_those_of_mog() -> None:
    assert load("app.app").App is load("app").App is mog.App
    assert load("exceptions.base_exceptions").MognetError is MogError
    assert load("exceptions.base_exceptions").ConnectionError is EngineError
    assert load("exceptions.base_exceptions").ImproperlyConfigured is ConfigError
    states = load("model.result_state")
    assert set(mog.ResultState) == states.READY_STATES | states.UNREADY_STATES
    assert states.STARTED_STATES < states.UNREADY_STATES
    assert {mog.ResultState.SUSPENDED} == states.STOPPED_STATES - states.READY_STATES


def test_what_nobody_has_is_no_module() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'mog\.nothing'"):
        load("nothing")
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from mog.app.app import Nothing", {})
    assert not hasattr(load("app.app"), "nothing")


@pytest.mark.parametrize("module", ["app.app_config", "state.state", "context.context", "middleware.middleware"])
def test_a_path_is_found_by_a_process_that_imports_nothing_else(module: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", f"import mog.{module}"], check=True)


def test_who_does_not_ask_for_mognets_names_loads_nothing_of_them() -> None:
    code = "import sys, mog; mog.App(broker='memory://'); print([name for name in sys.modules if 'mognet' in name])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told == "[]\n"


def test_the_registry_of_tasks() -> None:
    registry = load("tasks.task_registry")

    def count(context: mog.Context, to: int) -> int:
        return to

    app = mog.App(broker="memory://")
    app.task_registry.add_task_function(count, name="names.count")
    assert app.task_registry.get_task_name(count) == "names.count"
    assert app.task_registry.get_task_function("names.count") is count
    assert "names.count" in app.task_registry.registered_task_names
    everybodys = registry.task_registry.get()
    assert "names.count" not in everybodys.registered_task_names
    everybodys.register_globally()
    with pytest.raises(UnknownTask, match=r"names\.count"):
        everybodys.get_task_function("names.count")
    with pytest.raises(ConfigError, match=r"use @app\.task"):
        registry.TaskRegistry(Registry()).register_globally()
