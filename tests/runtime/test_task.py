"""Tasks and registries."""

import gc
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mog.errors import ConfigError, UnknownTask
from mog.task import Registry, Task, global_registry, task

TYPED = """
from typing import assert_type

from mog.app import App
from mog.context import Context
from mog.request import Request
from mog.result import Result
from mog.task import task

app = App("typed")


@task
async def resize(context: Context, path: str, width: int = 800) -> int:
    return width


@task(name="typed.shout")
def shout(context: Context, text: str) -> str:
    return text.upper()


@app.task
def plain(context: Context) -> float:
    return 1.0


@app.task(name="typed.own", aliases=["typed.old"], queue="slow", priority=3)
async def own(context: Context) -> bytes:
    return b""


async def use() -> None:
    assert_type(await resize(app_context(), "a.png"), int)
    assert_type(shout(app_context(), "a"), str)
    assert_type(await app.submit(resize, "a.png", width=3), Result[int])
    assert_type(await app.run(shout, "a"), str)
    assert_type(app.create_request(own), Request[bytes])
    assert_type(await (await app.submit(plain)), float)
    assert_type(await (await app.submit(own)), bytes)


def app_context() -> Context:
    raise NotImplementedError
"""

MISUSES = [
    "await app.submit(resize, 3)",
    "await app.submit(resize)",
    'await app.submit(resize, "a.png", widht=3)',
    'task(nam="x")',
    "task(lambda: None)",
]


@pytest.fixture
def registry() -> Registry:
    return Registry()


def add(registry: Registry, name: str, *aliases: str) -> Task:
    def function(context: object) -> None: ...

    function.__qualname__ = f"function_for_{name}"
    registry.add(Task(name, function, aliases))
    return registry.get(name)


def test_decorator_leaves_the_function_as_it_is(registry: Registry) -> None:
    async def resize(context: object, path: str, width: int = 800) -> int:
        return width

    assert registry.task(resize) is resize
    assert registry.task()(resize) is resize
    assert registry.task(name="demo.resize")(resize) is resize


def test_task_knows_what_was_said_of_it(registry: Registry) -> None:
    @registry.task(name="demo.resize", aliases=["demo.scale"], queue="images", priority=7)
    async def resize(context: object, path: str, width: int = 800) -> None: ...

    found = registry.for_function(resize)
    assert (found.name, found.aliases, found.queue, found.priority) == ("demo.resize", ("demo.scale",), "images", 7)
    assert (found.named, found.is_async, found.function) == (True, True, resize)
    assert [parameter.name for parameter in found.parameters] == ["path", "width"]


def test_name_is_derived_from_module_and_function(registry: Registry) -> None:
    @registry.task
    def resize(context: object) -> None: ...

    found = registry.for_function(resize)
    assert found.name == f"{__name__}.test_name_is_derived_from_module_and_function.<locals>.resize"
    assert (found.named, found.is_async) == (False, False)


@pytest.fixture(autouse=True)
def own_global_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no task behind that apps of other tests would see."""
    for table in ("_tasks", "_names"):
        monkeypatch.setattr(global_registry, table, dict(getattr(global_registry, table)))


def test_module_level_decorator_registers_for_every_app() -> None:
    @task(name="test_task.global")
    def function(context: object) -> None: ...

    assert global_registry.get("test_task.global").function is function
    assert Registry(parent=global_registry).for_function(function).name == "test_task.global"


def test_registry_lists_names_without_aliases(registry: Registry) -> None:
    add(registry, "b", "a", "c")
    add(registry, "a0")
    assert registry.names == ["a0", "b"]
    assert len(registry) == 2
    assert {found.name for found in registry} == {"a0", "b"}
    assert "b" in registry
    assert "c" in registry
    assert "d" not in registry
    assert 3 not in registry


def test_aliases_lead_to_the_task(registry: Registry) -> None:
    found = add(registry, "demo.resize", "demo.scale")
    assert registry.get("demo.scale") is found
    assert registry.find("demo.scale") is found
    assert registry.find("demo.other") is None


def test_unknown_name_is_answered_with_the_nearest(registry: Registry) -> None:
    add(registry, "demo.resize", "old.thumbnail")
    with pytest.raises(UnknownTask, match=r"no task is named 'demo.resiz'; did you mean 'demo.resize'\?"):
        registry.get("demo.resiz")
    with pytest.raises(UnknownTask, match=r"did you mean 'old.thumbnail'\?"):
        registry.get("old.thumbnails")
    with pytest.raises(UnknownTask, match="is the module that defines it imported"):
        registry.get("something.else")


def test_function_that_is_no_task_is_told_what_to_do(registry: Registry) -> None:
    def plain(context: object) -> None: ...

    with pytest.raises(UnknownTask, match="its function bears no @task"):
        registry.for_function(plain)


def test_two_functions_of_one_name_clash_with_both_places(registry: Registry) -> None:
    @registry.task(name="demo.resize")
    def one(context: object) -> None: ...

    with pytest.raises(ConfigError) as raised:

        @registry.task(name="demo.resize")
        def two(context: object) -> None: ...

    line = one.__code__.co_firstlineno
    assert f"{__file__}:{line} and {__file__}:{line + 5}" in str(raised.value)
    assert registry.get("demo.resize").function is one


def test_alias_clashes_with_name_and_alias(registry: Registry) -> None:
    add(registry, "a", "b")
    for names in [("c", "a"), ("c", "b"), ("b",)]:
        with pytest.raises(ConfigError, match="two tasks are named"):
            add(registry, *names)
    assert registry.names == ["a"]


def test_app_sees_global_tasks_and_keeps_its_own() -> None:
    parent = Registry()
    one, other = Registry(parent), Registry(parent)
    shared, own = add(parent, "shared"), add(one, "own")
    assert one.names == ["own", "shared"]
    assert one.get("shared") is shared
    assert one.for_function(own.function) is own
    assert other.names == parent.names == ["shared"]
    with pytest.raises(UnknownTask):
        other.for_function(own.function)
    add(other, "own")


def test_app_and_global_registry_clash_whichever_comes_first() -> None:
    parent = Registry()
    child = Registry(parent)
    add(parent, "first")

    def function(context: object) -> None: ...

    with pytest.raises(ConfigError, match="two tasks are named 'first'"):
        child.add(Task("first", function))
    add(child, "second")
    with pytest.raises(ConfigError, match="two tasks are named 'second'"):
        parent.add(Task("second", function))


def test_registry_of_a_forgotten_app_does_not_clash() -> None:
    parent = Registry()
    child = Registry(parent)
    add(child, "name")
    del child
    gc.collect()

    def function(context: object) -> None: ...

    parent.add(Task("name", function))


def test_revision_grows_with_each_registration_here_and_above() -> None:
    parent = Registry()
    child = Registry(parent)
    revisions = [child.revision]
    add(parent, "a")
    revisions.append(child.revision)
    add(child, "b")
    revisions.append(child.revision)
    assert revisions == sorted(set(revisions))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a cached file may be as new as the changed source
    (tmp_path / "reloadable.py").write_text(
        "from mog.task import Registry\n"
        "registry = globals().get('registry') or Registry()\n"
        "@registry.task(name='re.load', aliases=['re.old'])\n"
        "def function(context): ...\n"
    )
    monkeypatch.delitem(sys.modules, "reloadable", raising=False)
    return importlib.import_module("reloadable")


def test_module_loaded_anew_replaces_its_tasks(module: ModuleType, tmp_path: Path) -> None:
    before, registry = module.function, module.registry
    source = (tmp_path / "reloadable.py").read_text()
    (tmp_path / "reloadable.py").write_text("# moved down\n" + source.replace("re.old", "re.older"))
    importlib.reload(module)
    assert module.function is not before
    assert registry.get("re.load").function is module.function
    assert registry.for_function(before) is registry.for_function(module.function)
    assert "re.older" in registry
    assert "re.old" not in registry


def test_program_that_is_imported_again_by_its_name_replaces_its_tasks(tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(
        "from mog.task import global_registry, task\n"
        "@task(name='twice.f')\n"
        "def f(context): ...\n"
        "if __name__ == '__main__':\n"
        "    import twice\n"
        "    print(global_registry.get('twice.f').function is twice.f)\n"
    )
    done = subprocess.run([sys.executable, "twice.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize("decorator", ["task", "task(queue='q')"])
def test_name_derived_from_main_warns_at_the_decorated_line(tmp_path: Path, decorator: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"from mog.task import task\n@{decorator}\ndef f(context): ...\n")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert f"{program}:2: UserWarning: task '__main__.f'" in done.stderr
    assert "name it: @task(name='program.f')" in done.stderr


def test_decorated_functions_keep_their_types(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("mypy", reason="mypy belongs to the group `check`")
    program = tmp_path / "typed.py"
    body = "".join(f"    {line}\n" for line in MISUSES)
    program.write_text(f"{TYPED}\n\nasync def misuse() -> None:\n{body}")
    cache = pytestconfig.cache.mkdir("mypy") if pytestconfig.cache else tmp_path / "cache"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", program.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    first = program.read_text().splitlines().index("async def misuse() -> None:") + 2
    found = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.split(":")[1] for line in found] == [str(first + index) for index in range(len(MISUSES))], done.stdout
