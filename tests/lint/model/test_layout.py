"""The names of modules: what the linter writes is what Python uses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject

from mog_lint.config import load_config
from mog_lint.findings import Applicability
from mog_lint.fixes import fix_paths
from mog_lint.model.layout import Layout, ModuleName

# A stand-in for mog: it notes each task's own name, and what its default would have been.
STAND_IN = """
names = {}

def task(function=None, *, name=None):
    if function is None:
        return lambda function: task(function, name=name)
    names[f"{function.__module__}.{function.__qualname__}"] = name
    return function
"""
TASKS = """from mog import task
@task
async def resize(context): ...
class Images:
    @task()
    def shrink(context): ...
def factory():
    @task
    async def inner(context): ...
factory()
"""
HATCH = '[tool.hatch.build.targets.wheel]\npackages = ["libs/shop"]\n'
SETUPTOOLS = '[tool.setuptools]\npackage-dir = {"" = "lib"}\n'
WHERE = '[tool.setuptools.packages.find]\nwhere = ["lib"]\n'

LAYOUTS = {
    "flat module": ("", ["tasks.py"], ".", "tasks"),
    "flat package": ("", ["shop/__init__.py", "shop/tasks.py"], ".", "shop.tasks"),
    "nested package": ("", ["shop/__init__.py", "shop/jobs/__init__.py", "shop/jobs/a.py"], ".", "shop.jobs.a"),
    "package itself": ("", ["shop/__init__.py"], ".", "shop"),
    "src": ("[project]\nname = 'shop'\n", ["src/shop/__init__.py", "src/shop/tasks.py"], "src", "shop.tasks"),
    "src module": ("[build-system]\nrequires = []\n", ["src/tasks.py"], "src", "tasks"),
    "src named": ('[tool.mog]\nsrc = ["python"]\n', ["python/shop/tasks.py"], "python", "shop.tasks"),
    "namespace in src": ('[tool.mog]\nsrc = ["src"]\n', ["src/acme/shop/tasks.py"], "src", "acme.shop.tasks"),
    "hatch": (HATCH, ["libs/shop/__init__.py", "libs/shop/tasks.py"], "libs", "shop.tasks"),
    "setuptools": (SETUPTOOLS, ["lib/shop/tasks.py"], "lib", "shop.tasks"),
    "setuptools find": (WHERE, ["lib/shop/__init__.py", "lib/shop/tasks.py"], "lib", "shop.tasks"),
}


def imported(project: ScratchProject, module: str, path: str) -> dict[str, str | None]:
    """Import a module as Python does and return its tasks' default names, each with the name it was given."""
    project.write("stand_in/mog.py", STAND_IN)
    program = f"import json, mog, importlib\nimportlib.import_module({module!r})\nprint(json.dumps(mog.names))"
    environment = {"PYTHONPATH": f"{project.root / path}:{project.root / 'stand_in'}"}
    run = [sys.executable, "-S", "-c", program]
    shown = subprocess.run(run, env=environment, check=True, capture_output=True, text=True, cwd="/").stdout
    names = json.loads(shown)
    assert isinstance(names, dict)
    return names


@pytest.mark.parametrize(("pyproject", "files", "path", "module"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_fixed_name_is_the_imported_one(
    project: ScratchProject, pyproject: str, files: list[str], path: str, module: str
) -> None:
    project.write("pyproject.toml", pyproject)
    for name in files:
        project.write(name, "")
    target = project.write(files[-1], TASKS)
    expected = set(imported(project, module, path))
    assert len(expected) == 3
    outcome = fix_paths([target], project.config())
    assert outcome.remaining == ()
    outcome.files[0].write()
    assert imported(project, module, path) == {name: name for name in expected}


@pytest.mark.parametrize(
    ("file", "candidates"),
    [
        ("jobs/tasks.py", ["jobs.tasks", "tasks"]),
        ("services/api/shop/tasks.py", ["shop.tasks", "services.api.shop.tasks"]),
        ("my-jobs/tasks.py", ["tasks"]),
        ("my-script.py", []),
        ("jobs/my-script.py", []),
        ("src/shop/tasks.py", ["shop.tasks", "src.shop.tasks"]),
    ],
)
def test_where_the_place_allows_several_names_all_are_told(
    project: ScratchProject, file: str, candidates: list[str]
) -> None:
    project.write("services/api/shop/__init__.py", "")
    project.write("src/shop/__init__.py", "")
    name = Layout(project.config()).module_name(project.write(file, ""))
    assert list(name.candidates) == candidates


def test_an_ambiguous_name_is_no_safe_fix(project: ScratchProject) -> None:
    project.write("jobs/tasks.py", "from mog import task\n@task\ndef a(context): ...\n")
    (finding,) = project.lint()
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.message == 'write "jobs.tasks.a" if that is its name today; it may also be tasks.a'
    assert fix_paths([], project.config()).files == ()
    for path, module in ((".", "jobs.tasks"), ("jobs", "tasks")):
        assert set(imported(project, module, path)) == {f"{module}.a"}


def test_a_script_may_be_main(project: ScratchProject) -> None:
    guard = "if __name__ == '__main__':\n    pass\n"
    project.write("tasks.py", f"from mog import task\n@task\ndef a(context): ...\n{guard}")
    (finding,) = project.lint()
    assert finding.fix is not None
    assert finding.fix.message == 'write "tasks.a" if that is its name today; it may also be __main__.a'


def test_what_cannot_be_imported_has_no_fix(project: ScratchProject) -> None:
    project.write("my-script.py", "from mog import task\n@task\ndef a(context): ...\n")
    (finding,) = project.lint()
    assert finding.fix is None


def test_packages_from_which_relative_imports_start() -> None:
    assert ModuleName(("a.b", "b")).packages == ("a", "")
    assert ModuleName(("a.b",), is_package=True).packages == ("a.b",)


@pytest.mark.parametrize(
    "pyproject",
    [
        "[tool.hatch.build.targets.wheel]\npackages = 'src'\n",
        "[tool.hatch]\nbuild = 3\n",
        "[tool.setuptools]\npackage-dir = 'x'\n",
        "[tool.poetry]\npackages = 'x'\n",
        "[tool.poetry]\npackages = [1]\n",
        "[tool.uv.build-backend]\nmodule-root = 3\n",
    ],
)
def test_other_tools_tables_of_an_odd_shape_say_nothing(project: ScratchProject, pyproject: str) -> None:
    project.write("pyproject.toml", pyproject)
    project.write("shop/__init__.py", "")
    assert Layout(project.config()).module_name(project.write("shop/a.py", "")).candidates == ("shop.a",)


@pytest.mark.parametrize(
    "pyproject",
    [
        "[tool.poetry]\npackages = [{include = 'shop', from = 'lib'}]\n",
        "[tool.pdm.build]\npackage-dir = 'lib'\n",
        "[tool.uv.build-backend]\nmodule-root = 'lib'\n",
        "[tool.hatch.build.targets.wheel]\nsources = ['lib']\n",
        "[tool.hatch.build.targets.wheel.sources]\nlib = ''\n",
    ],
)
def test_build_back_ends_tell_the_root(project: ScratchProject, pyproject: str) -> None:
    project.write("pyproject.toml", pyproject)
    assert Layout(project.config()).module_name(project.write("lib/shop/a.py", "")).candidates == ("shop.a",)


def test_a_package_that_holds_its_pyproject(tmp_path: Path) -> None:
    for name in ("shop/__init__.py", "shop/pyproject.toml", "shop/tasks.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    layout = Layout(load_config(tmp_path / "shop"))
    assert layout.module_name(tmp_path / "shop/tasks.py").candidates == ("shop.tasks",)
