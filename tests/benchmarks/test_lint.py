"""What measures the linter: commands are watched to their end, and a broken one ends the benchmark."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not shipped", allow_module_level=True)
if not sys.platform.startswith("linux"):
    pytest.skip("the benchmarks read /proc", allow_module_level=True)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The program as a module; what it imports is forgotten again, for its modules have common names."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = spec_from_file_location("lint_benchmark", BENCHMARKS / "lint.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lint_benchmark", module)  # where its dataclasses look for their module
    spec.loader.exec_module(module)
    yield module
    for name in set(sys.modules) - before - {"lint_benchmark"}:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_commands_take_turns_and_the_best_counts(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []
    commands = {"one": python("import time; time.sleep(0.4)"), "two": python("import sys; sys.exit(1)")}
    figures = bench.compare(tmp_path, commands, 2, order.append)
    assert order == ["one", "two", "one", "two"]
    assert figures["one"].wall >= 0.4
    assert figures["one"].memory > 1
    assert figures["two"].cpu > 0
    bench.show("Both", figures, 1000)
    assert "| two | " in capsys.readouterr().out


def test_a_command_that_fails_ends_the_benchmark(bench: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 2: no such option"):
        bench.run(python("import sys; print('no such option', file=sys.stderr); sys.exit(2)"), tmp_path)


def test_a_project_is_made_of_the_first_files(bench: ModuleType, tmp_path: Path) -> None:
    for name in ("b/two.py", "a/one.py", "c/three.py"):
        (tmp_path / "source" / name).parent.mkdir(parents=True)
        (tmp_path / "source" / name).write_text("x = 1\n")
    made = bench.Bench.project(tmp_path / "made", tmp_path / "source", 2)
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*.py")) == ["a/one.py", "b/two.py"]
    assert (made / "pyproject.toml").is_file()
