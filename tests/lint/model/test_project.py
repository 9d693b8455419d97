"""Where names lead: imports, re-exports, receivers, branches, and look-alikes."""

import pytest
from tests.lint.scratch import ScratchProject, places

TASK_FUNCTION = "\ndef resize(context): ...\n"

REPORTED = {
    "alias": "from mog import task as job\n@job",
    "module": "import mog\n@mog.task",
    "module alias": "import mog as m\n@m.task()",
    "submodule": "import mog.task\n@mog.task.task",
    "star": "from mog import *\n@task",
    "Mognet's own module": "from mognet.decorators.task_decorator import task\n@task()",
    "assigned": "import mog\njob = mog.task\n@job",
    "app": "from mog import App\napp = App('x')\n@app.task",
    "app of a module": "import mog\napp = mog.App('x')\n@app.task()",
    "annotated app": "from mog import App\napp: App\n@app.task",
    "optional app": "from mog import App\napp: App | None = None\n@app.task",
    "quoted annotation": "import mog\napp: 'mog.App' = make()\n@app.task",
    "typing": "from typing import Optional\nfrom mog import App\napp: Optional[App] = make()\n@app.task",
    "with": "from mog import App\nwith App('x') as app:\n  @app.task\n  def f(c): ...\n@app.task",
    "own class": "from mog import App\nclass Shop(App): ...\napp = Shop('x')\n@app.task",
    "factory": "from mog import App\ndef make() -> App: ...\napp = make()\n@app.task",
    "factory without annotation": "from mog import App\ndef make():\n  app = App('x')\n  return app\n@make().task",
    "one of two returns": "from mog import App\ndef make():\n  if x: return None\n  return App('x')\n@make().task",
    "inline": "from mog import App\n@App('x').task",
    "renamed method": "from mog import App\njob = App('x').task\n@job",
    "either library": "try:\n  from mog import task\nexcept ImportError:\n  from mognet import task\n@task()",
    "fallback": "try:\n  from mog import task\nexcept ImportError:\n  task = None\n@task",
    "branch": "import sys\nif sys.platform:\n  from mog import task\nelse:\n  def task(f): ...\n@task",
    "lambda elsewhere": "from mog import task\nx = lambda task: task\n@task",
    "loop": "from mog import task\nfor x in y:\n  z = 1\nelse:\n  z = 2\nwhile x: pass\n@task",
    "match": "from mog import task\nmatch x:\n  case 1: z = 2\n@task",
    "unpacked": "from mog import App\na, b = 1, 2\napp = App('x')\n@app.task",
    "other name deleted": "from mog import task\ndel x\n@task",
}
SILENT = {
    "other library": "from invoke import task\n@task",
    "celery": "from celery import Celery\napp = Celery()\n@app.task",
    "own": "def task(f): ...\n@task",
    "own after import": "from mog import task\ndef task(f): ...\n@task",
    "assigned over": "from mog import task\ntask = other\n@task",
    "deleted": "from mog import task\ndel task\n@task",
    "unbound": "@task",
    "other star": "from invoke import *\n@task",
    "other attribute": "import mog\n@mog.other.task_thing",
    "what another function returns": "from mog import App\ndef a():\n  def b(): return App('x')\na().task\n@a().task",
    "unknown app": "app = make()\n@app.task",
    "not an app": "from mog import Context\napp = Context()\n@app.task",
    "own method over App's": "from mog import App\nclass Shop(App):\n  def task(self, f): ...\napp = Shop()\n@app.task",
    "module of that name elsewhere": "from shop.mog import task\n@task",
    "a list of apps": "from mog import App\napp: list[App] = []\n@app.task",
    "what task gives": "from mog import task\n@task(name='x')(1)",
    "subscript": "from mog import task\n@{'task': task}['task']",
    "loop variable": "from mog import task\nfor task in x: pass\n@task",
    "augmented": "from mog import task\ntask += 1\n@task",
    "names its task": "from mog import task\n@task(name=NAME)",
    "splat": "from mog import task\n@task(*a)",
    "in a text": "from mog import task\n'@task'",
}


@pytest.mark.parametrize("lines", REPORTED.values(), ids=REPORTED)
def test_task(project: ScratchProject, lines: str) -> None:
    file = project.write("tasks.py", lines + TASK_FUNCTION)
    row = file.read_text().splitlines().index("def resize(context): ...")
    assert ("tasks.py", row) in places(project.lint())


@pytest.mark.parametrize("lines", SILENT.values(), ids=SILENT)
def test_no_task(project: ScratchProject, lines: str) -> None:
    project.write("tasks.py", lines + TASK_FUNCTION)
    assert project.codes() == []


def test_parameters_with_annotations(project: ScratchProject) -> None:
    project.write(
        "tasks.py",
        "from mog import App\n"
        "def register(app: App, *apps: App, other=None, **more: App):\n"
        "    @app.task\n    def a(c): ...\n"
        "    @other.task\n    def b(c): ...\n"
        "    @apps.task\n    def d(c): ...\n"
        "    def inner():\n        @app.task\n        def e(c): ...\n",
    )
    assert places(project.lint()) == [("tasks.py", 3), ("tasks.py", 10)]


def test_a_class_body_hides_its_names_from_its_methods(project: ScratchProject) -> None:
    project.write(
        "tasks.py",
        "from mog import task\n"
        "class Jobs:\n"
        "    def task(f): ...\n"
        "    @task\n    def a(c): ...\n"
        "    def register():\n        @task\n        def b(c): ...\n",
    )
    assert places(project.lint()) == [("tasks.py", 7)]


def test_a_function_sees_what_the_module_binds_after_it(project: ScratchProject) -> None:
    text = "def register():\n    @app.task\n    def a(c): ...\nfrom mog import App\napp = App('x')\n"
    project.write("tasks.py", text)
    assert places(project.lint()) == [("tasks.py", 2)]


@pytest.mark.parametrize(
    "lines",
    [
        "from .app import app\n@app.task",
        "from shop.app import app\n@app.task",
        "from shop import app\n@app.app.task",
        "from . import app\n@app.app.task",
        "from . import app as module\n@module.app.task",
        "import shop.app\n@shop.app.app.task",
        "import shop.app as a\n@a.app.task",
        "from .app import *\n@app.task",
        "from .app import make\n@make().task",
        "from .app import Shop\n@Shop().task",
        "from .app import job\n@job",
        "from .sub.deep import job\n@job",
        "from .sub import deep\n@deep.job",
        "from .sub import *\n@passed_on",
    ],
)
def test_through_modules_of_the_project(project: ScratchProject, lines: str) -> None:
    project.write("shop/__init__.py", "")
    project.write(
        "shop/app.py",
        "from mog import App, task as job\nclass Shop(App): ...\ndef make() -> Shop: ...\napp = make()\n",
    )
    project.write("shop/sub/__init__.py", "from .deep import job as passed_on\n")
    project.write("shop/sub/deep.py", "from ..app import job\n")
    project.write("shop/tasks.py", lines + TASK_FUNCTION)
    assert places(project.lint()) == [("tasks.py", 2)]


def test_a_package_that_exports_a_name_of_its_submodule(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "from .app import app\n")
    project.write("shop/app.py", "from mog import App\napp = App('shop')\n")
    project.write("tasks.py", "from shop import app\n@app.task" + TASK_FUNCTION)
    assert places(project.lint()) == [("tasks.py", 2)]


def test_imports_in_a_circle_end(project: ScratchProject) -> None:
    project.write("a.py", "from b import *\nfrom b import task as x, y\nimport mog\n@x" + TASK_FUNCTION)
    project.write("b.py", "from a import *\nfrom a import x as task, y\nimport mog\n@y" + TASK_FUNCTION)
    assert project.codes() == []


def test_a_relative_import_beyond_the_top_leads_nowhere(project: ScratchProject) -> None:
    project.write("tasks.py", "from ...mog import task\n@task" + TASK_FUNCTION)
    assert project.codes() == []


def test_namespace_packages(project: ScratchProject) -> None:
    project.write("acme/shop/app.py", "from mog import App\napp = App('shop')\n")
    for number, lines in enumerate(
        ["from acme.shop.app import app\n@app.task", "from acme import shop\n@shop.app.app.task"]
    ):
        project.write(f"acme/jobs/tasks{number}.py", lines + TASK_FUNCTION)
    project.write("acme/shop/tasks.py", "from .app import app\n@app.task" + TASK_FUNCTION)
    assert [name for name, _ in places(project.lint())] == ["tasks0.py", "tasks1.py", "tasks.py"]


def test_decorators_of_other_libraries(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[tool.mog.lint]\ntask-decorators = ["celery.Celery.task", "dramatiq.actor"]\n')
    project.write("app.py", "from celery import Celery\napp = Celery('x')\n")
    project.write(
        "tasks.py",
        "from app import app\nimport dramatiq\n"
        "@app.task\ndef a(): ...\n"
        "@app.task(name='a')\ndef b(): ...\n"
        "@dramatiq.actor\ndef c(): ...\n"
        "@dramatiq.actor(actor_name='c', queue_name='q')\ndef d(): ...\n"
        "@dramatiq.actor(queue_name='q')\ndef e(): ...\n",
    )
    findings = project.lint()
    assert places(findings) == [("tasks.py", 3), ("tasks.py", 7), ("tasks.py", 11)]
    assert {finding.fix for finding in findings} == {None}
