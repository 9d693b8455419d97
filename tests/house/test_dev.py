"""`./dev`, the project's own command."""

import importlib.util
import shlex
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

DEV = Path(__file__).parents[2] / "dev"


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh copy of the script as a module."""
    loader = SourceFileLoader("dev", str(DEV))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "dev", module)
    loader.exec_module(module)
    return module


def run_dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, DEV, *arguments], capture_output=True, text=True, check=False)


def test_help_describes_every_verb(dev: ModuleType) -> None:
    shown = run_dev()
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:]] == list(dev.VERBS)
    assert all(len(line.split()) > 3 for line in shown.stdout.splitlines()[2:])
    assert run_dev("help").stdout == run_dev("--help").stdout == shown.stdout


@pytest.mark.parametrize("arguments", [["build"], ["check", "now"]])
def test_wrong_use_gets_one_line_and_2(arguments: list[str]) -> None:
    refused = run_dev(*arguments)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert arguments[-1] in refused.stderr


def test_uv_of_the_machine_is_taken_only_if_new_enough(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"/machine/uv": (0, 8, 0)}
    monkeypatch.setattr(dev.shutil, "which", lambda _name: "/machine/uv")
    monkeypatch.setattr(dev, "uv_version", lambda command: versions.get(command, ()))
    assert dev.find_uv() == "/machine/uv"

    installs: list[list[str]] = []
    versions["/machine/uv"] = (0, 7, 22)
    monkeypatch.setattr(dev.subprocess, "call", lambda command, **_: installs.append(command) or 0)
    assert dev.find_uv() == str(dev.PRIVATE_UV / "bin" / "uv")
    assert installs[0][:4] == [sys.executable, "-m", "pip", "install"]
    assert "--target" in installs[0]


def test_version_of_a_uv_that_does_not_run(dev: ModuleType, tmp_path: Path) -> None:
    assert dev.uv_version(str(tmp_path / "uv")) == ()
    assert dev.uv_version("false") == ()


def test_pythons_are_released_cpythons_from_311(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def python(version: str, implementation: str = "cpython", variant: str = "default") -> dict[str, str]:
        path = f"/bin/{implementation}-{version}-{variant}"
        return {"version": version, "path": path, "implementation": implementation, "variant": variant}

    listing = [
        python("3.99.0a1"),
        python("3.98.1", variant="freethreaded"),
        python("3.98.1"),
        python("3.98.0"),
        python("3.97.2"),
        python("3.97.0", "pypy"),
        python("3.10.9"),
    ]
    monkeypatch.setattr(dev, "list_pythons", lambda: listing)
    monkeypatch.setattr(dev, "tool", lambda _name: sys.executable)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = {"3.97": "/bin/cpython-3.97.2-default", "3.98": "/bin/cpython-3.98.1-default"}
    assert list(dev.pythons().items()) == list(({own: sys.executable} | others).items())


@pytest.mark.parametrize(
    ("body", "passed", "closing"),
    [
        ("def test_a(): pass", True, "1 passed"),
        ("def test_a(): assert 0", False, "1 failed"),
        ("", False, "no tests ran"),
    ],
)
def test_suite_that_fails_or_collects_nothing_is_not_passed(
    dev: ModuleType, tmp_path: Path, body: str, passed: bool, closing: str
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "test_it.py").write_text(body)
    outcome = dev.run_pytest(Path(sys.prefix), tmp_path)
    assert outcome[0] is passed
    assert closing in outcome[1]


def python_command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_demo_stops_at_a_command_that_fails(dev: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="exit code 3"):
        dev.Shell(tmp_path).run(python_command("raise SystemExit(3)"))


WORKER = "import signal; print('ready', flush=True); {}; open('up', 'w').close(); signal.pause()"


def test_demo_stops_its_worker_as_ctrl_c_does(
    dev: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    polite = WORKER.format("signal.signal(signal.SIGINT, lambda *_: exit(0))")
    with dev.Shell(tmp_path).background(python_command(polite)):
        wait = "import os, time\nwhile not os.path.exists('up'): time.sleep(0.01)"
        dev.Shell(tmp_path).run(python_command(wait))
    assert capfd.readouterr().out.endswith("ready\n")


def test_demo_fails_where_its_worker_fails(dev: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="exit code"), dev.Shell(tmp_path).background(python_command("exit(5)")):
        pass


def test_late_process_is_killed(dev: ModuleType) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        assert dev.wait_or_kill(process, seconds=0.01) == -9
