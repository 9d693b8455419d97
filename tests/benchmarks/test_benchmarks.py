"""The benchmarks run and say what they measured; nothing here asserts a time."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not shipped", allow_module_level=True)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the benchmarks read /proc")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The program as a module; what it imports is forgotten again, for its modules have common names."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    before = set(sys.modules)
    spec = spec_from_file_location("benchmark_program", BENCHMARKS / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def measure(system: str, variant: str, what: str, directory: Path) -> dict[str, float]:
    figures: dict[str, float] = all_said(system, variant, what, directory)["figures"]
    return figures


def all_said(system: str, variant: str, what: str, directory: Path) -> dict[str, Any]:
    setting = {"BENCH_DIRECTORY": str(directory), "BENCH_VARIANT": variant, "PYTHONPATH": str(BENCHMARKS)}
    command = [sys.executable, str(BENCHMARKS / "measure.py"), system, what, "20", "0.05"]
    run = subprocess.run(command, cwd=BENCHMARKS, env=os.environ | setting, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    assert said["durability"]
    return said


@linux
@pytest.mark.parametrize(
    ("system", "variant"),
    [
        ("mog_sqlite", ""),
        ("mog_sqlite", "full"),
        ("mog_sqlite", "command"),
        ("raw_sqlite", ""),
        ("raw_sqlite", "batch+full"),
    ],
)
def test_a_worker_drains_what_was_submitted(system: str, variant: str, tmp_path: Path) -> None:
    figures = measure(system, variant, "drain-10", tmp_path)
    assert set(figures) == {"drain_10", "drain_10_cpu_us", "foreign"}
    assert figures["drain_10"] > 0


@linux
@pytest.mark.parametrize("variant", ["", "quorum"])
def test_rabbitmq_and_redis_are_named_by_variables_and_left_empty(
    variant: str, tmp_path: Path, amqp_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_AMQP_URL", amqp_url)
    monkeypatch.setenv("BENCH_REDIS_URL", redis_url)
    said = all_said("mog_rabbitmq", variant, "drain-10", tmp_path)
    assert said["figures"]["drain_10"] > 0
    assert re.fullmatch(r"RabbitMQ [\d.]+, (redis|valkey) [\d.]+ \(with(out)? append-only file\)", said["servers"])
    parts = urlsplit(redis_url)
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379)) as redis:
        redis.sendall(f"SELECT {parts.path[1:] or 0}\r\nKEYS bench-{tmp_path.name}.*\r\n".encode())
        answers = redis.makefile("rb")
        assert [answers.readline(), answers.readline()] == [b"+OK\r\n", b"*0\r\n"]


RESULTS = """
import asyncio

from redis import Redis
from redis_results import RedisResults
from servers import NAME, REDIS_URL


class Results(RedisResults):
    durability = "none"
    result_key = staticmethod(lambda handle: f"result.{NAME}.{handle}")
    worker_command = None


async def main():
    results, handles, redis = Results(), range(1200), Redis.from_url(REDIS_URL)
    redis.mset({results.result_key(handle): 1 for handle in handles[1:]})
    print(await results.count_stored(handles), await results.all_stored(handles))
    redis.set(results.result_key(0), 1)
    print(await results.count_stored(handles), await results.all_stored(handles))
    await results.close()
    print(redis.keys(f"*{NAME}*"))


asyncio.run(main())
"""


def test_results_in_redis_are_known_by_their_handles_and_removed(tmp_path: Path, redis_url: str) -> None:
    setting = {"BENCH_DIRECTORY": str(tmp_path), "BENCH_REDIS_URL": redis_url, "PYTHONPATH": str(BENCHMARKS)}
    command = [sys.executable, "-c", RESULTS]
    run = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["1199 False", "1200 True", "[]"]


@linux
@pytest.mark.parametrize(("system", "missing"), [("mog_sqlite", ""), ("raw_sqlite", "fan_out")])
def test_every_figure_of_the_report_is_measured(
    system: str, missing: str, tmp_path: Path, benchmark: ModuleType
) -> None:
    figures: dict[str, float] = {}
    for what in benchmark.MEASURES[:-1]:
        (tmp_path / what).mkdir()
        figures |= measure(system, "", what, tmp_path / what)
    known = {metric.key for metric in sys.modules["report"].METRICS}
    assert set(figures) == {key for key in known if not missing or not key.startswith(missing)} | {"foreign"}


@linux
def test_what_is_not_measured_of_a_system_has_no_figures(tmp_path: Path) -> None:
    assert measure("raw_sqlite", "", "fanout", tmp_path) == {}


@linux
def test_a_worker_that_does_not_start_is_reported(tmp_path: Path) -> None:
    broken = {"BENCH_DIRECTORY": str(tmp_path), "BENCH_VARIANT": "", "PYTHONPATH": str(BENCHMARKS)}
    code = (
        "import measure, systems.raw_sqlite as raw\n"
        "raw.ADAPTER.worker_command = lambda _: ['false']\n"
        "measure.main('raw_sqlite', 'drain-10', '3', '0')"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=BENCHMARKS, env=os.environ | broken, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "raw_sqlite: 0 tasks ran, then the worker ended" in run.stderr


@linux
def test_the_language_server_is_measured() -> None:
    command = [sys.executable, "editor.py", "--files", "20", "--changes", "1", "--typing", "10"]
    run = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("first diagnostics, ") == 2
    rows = [line.split() for line in run.stdout.splitlines() if line.endswith(tuple("0123456789"))]
    assert [row[0] for row in rows] == ["100", "CPU", "250", "CPU", "500", "CPU", "1000", "CPU", "memory"]
    assert all(float(figure) > 0 for row in rows[:-1] for figure in row[1:])
    seen = rows[-1][rows[-1].index("MiB:") + 1 :]
    assert len(seen) == 11
    assert all(float(memory) > 1 for memory in seen)


@linux
def test_a_measurement_that_fails_costs_no_other(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure_one(name: str, *_: object) -> dict[str, Any] | None:
        figures = {"drain_10": 5.0, "foreign": 0.0}
        return None if name == "huey" else {"figures": figures, "durability": "none", "servers": ""}

    monkeypatch.setattr(benchmark, "measure_one", measure_one)
    monkeypatch.setattr(benchmark, "environment_of", lambda _: Path(sys.prefix))
    monkeypatch.setattr(benchmark, "describe", lambda *_: "")
    asked = ["mog_sqlite", "huey", "--rounds", "2", "--measures", "drain-10", "--patience", "0"]
    assert benchmark.main(asked) == 1
    told = capsys.readouterr()
    assert "| drain, concurrency 10, tasks/s up to the last stored result | 5 (5 - 5) |  |" in told.out
    assert told.err.endswith("failed, and not in the tables: drain-10 of huey, drain-10 of huey\n")


def test_systems_take_turns_in_being_first(benchmark: ModuleType) -> None:
    options = benchmark.parse(["mog_sqlite", "huey", "raw_sqlite", "--rounds", "2", "--measures", "enqueue,startup"])
    rounds = list(benchmark.plan(options))
    assert [name for _, _, name in rounds] == [
        "mog_sqlite",
        "huey",
        "raw_sqlite",
        "",
        "huey",
        "raw_sqlite",
        "mog_sqlite",
        "",
    ]


@linux
@pytest.mark.usefixtures("benchmark")
def test_servers_are_found_by_name() -> None:
    named = sys.modules["processes"].named
    assert os.getpid() in named({Path("/proc/self/comm").read_text().strip()})
    assert named({"no such program"}) == []


def test_an_unknown_system_is_refused(benchmark: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark.parse(["mog_sqlight"])
    assert "there is no system 'mog_sqlight'" in capsys.readouterr().err


def test_a_set_is_measured_by_its_name(benchmark: ModuleType) -> None:
    for name, chosen in benchmark.SETS.items():
        assert benchmark.parse([name]).systems == list(chosen)
        assert {system.partition(":")[0] for system in chosen} <= set(benchmark.systems())
    assert benchmark.parse([]).systems == list(benchmark.SETS["embedded"])
    mixed = benchmark.parse(["distributed", "mog_sqlite"]).systems
    assert mixed == [*benchmark.SETS["distributed"], "mog_sqlite"]


def test_the_report_names_what_a_system_pins(benchmark: ModuleType) -> None:
    assert benchmark.pins_of("dramatiq") == ["dramatiq 2.2.1", "hiredis 3.5.0"]
    assert benchmark.pins_of("mog_rabbitmq") == []


def test_what_a_worker_is_told_of_its_setting_it_reads(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = benchmark.Setting(Path("here"), frozenset({"full", "command"}), 7)
    for name, value in setting.to_environment().items():
        monkeypatch.setenv(name, value)
    assert benchmark.Setting.from_environment() == setting


def test_ratios_are_taken_round_by_round(benchmark: ModuleType) -> None:
    row, ratio = benchmark.Row, sys.modules["report"].ratio
    rows = [
        row(at, system, {"drain_10": speed * figure, "foreign": 0.0})
        for at, speed in enumerate((1.0, 10.0, 3.0))
        for system, figure in (("mog", 4.0), ("peer", 2.0))
    ]
    assert ratio(rows, "mog", "peer", "drain_10") == 2.0
    assert "| mog ÷ … | peer |" in benchmark.render(rows, ["mog", "peer"])


def test_disturbed_measurements_are_set_aside(benchmark: ModuleType) -> None:
    loads = (0.0, 0.9, 0.1, 0.2)
    rows = [benchmark.Row(at, "mog", {"drain_10": float(at), "foreign": load}) for at, load in enumerate(loads)]
    assert set(sys.modules["report"].values_of(rows, "mog", "drain_10")) == {0, 2, 3}
    noisy = [benchmark.Row(at, "mog", {"drain_10": float(at), "foreign": 1.0 + at}) for at in range(4)]
    assert set(sys.modules["report"].values_of(noisy, "mog", "drain_10")) == {0, 1}
    assert "4 of 4 measurements were disturbed" in benchmark.render_load(noisy)
