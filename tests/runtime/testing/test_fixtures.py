"""The fixtures, as a project's tests use them: each test here runs pytest on a small project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mog import App
from mog.errors import ConfigError
from mog.testing import create_app_fixture

CONFTEST = """
from mog import App, Context
from mog.testing import create_app_fixture

shop = App("shop", broker="sqlite:///real.db")

@shop.task(name="shop.pay", retries=3, backoff=3600)
async def pay(context: Context, amount: int) -> int:
    if context.retries < 2:
        raise ConnectionError
    await context.submit("shop.mail", "paid", priority=1)
    return amount

@shop.task(name="shop.mail")
async def mail(context: Context, text: str, priority: int = 5) -> None: ...

app = create_app_fixture(shop)
"""

TESTS = """
import pytest
pytestmark = pytest.mark.asyncio

async def test_awaits_retries(app):
    assert await app.run("shop.pay", 5) == 5

async def test_looks_at_requests(app, mog_bench):
    assert mog_bench.submitted() == []
    await app.submit("shop.pay", 5)
    await mog_bench.settle()
    mog_bench.assert_submitted("shop.mail", "paid", priority=1)
    assert len(mog_bench.submitted()) == 2
"""


def run_pytest(directory: Path, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "-q", "-W", "error"]
    done = subprocess.run([*command, *options], check=False, cwd=directory, capture_output=True, text=True, timeout=50)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return tmp_path


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_fixtures_run_a_projects_tests(project: Path, mode: str) -> None:
    code, output = run_pytest(project, f"--asyncio-mode={mode}")
    assert "2 passed" in output
    assert code == 0
    assert not (project / "real.db").exists()


def test_app_of_another_fixture_is_told_how_to_get_a_bench(project: Path) -> None:
    own = "import pytest, conftest\n@pytest.fixture\ndef app(): return conftest.shop\ndef test(mog_bench): ...\n"
    (project / "test_shop.py").write_text(own)
    code, output = run_pytest(project)
    assert "make it with mog.testing.create_app_fixture" in output
    assert code == 1


def test_task_that_blocks_the_loop_fails_the_test(project: Path) -> None:
    conftest = CONFTEST.replace("create_app_fixture(shop)", "create_app_fixture(shop, blocking_limit=0.2)")
    nap = '@shop.task(name="shop.nap")\nasync def nap(context: Context):\n    import time\n    time.sleep(0.6)\n'
    (project / "conftest.py").write_text(conftest + nap)
    (project / "test_shop.py").write_text(TESTS + '\nasync def test_naps(app): await app.run("shop.nap")\n')
    code, output = run_pytest(project)
    assert "3 passed, 1 error" in output
    assert "LoopWasBlocked" in output
    assert "time.sleep(0.6)" in output
    assert code == 1


def test_fixture_that_is_no_app_at_all(project: Path) -> None:
    (project / "test_shop.py").write_text("import pytest\n@pytest.fixture\ndef app(): ...\ndef test(mog_bench): ...\n")
    code, output = run_pytest(project)
    assert "the fixture `app` is no mog.App" in output
    assert code == 1


def test_plugin_is_found(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("mog")


def test_without_pytest_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytest_asyncio", None)
    with pytest.raises(ConfigError, match="pip install pytest-asyncio"):
        create_app_fixture(App("demo", broker="memory://"))
