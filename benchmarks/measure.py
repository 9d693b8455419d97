"""One measurement of one system, in that system's environment: prints its figures as JSON.

Run by the driver as ``python measure.py SYSTEM MEASURE``; the setting comes by the environment.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from adapter import SETTING, STAMPS, Adapter, NotMeasured
from processes import MIB, ForeignLoad, Worker

Figures = dict[str, float]

PATIENCE = 120.0
"""Seconds in which all tasks must have run, and their results be stored."""

ROUND_TRIPS, ROUND_TRIP_TIME = 300, 6.0
"""How many at most, and for how many seconds at most."""

BOOTS = 5
"""Starts of a worker, of which the fastest counts, as it does of the import floor."""

WARM_UP = 5
"""Round trips, or children, that do not count."""

CHILDREN, FAN_OUTS = 500, 5
"""How many a parent awaits, and how many parents one after the other."""


class Failed(Exception):
    """A system that did not do what it was asked."""


def start_worker(adapter: Adapter, concurrency: int) -> Worker:
    """Start the system's worker; what it prints lies beside the stamps."""
    environment = {**os.environ, **replace(SETTING, concurrency=concurrency).to_environment()}
    return Worker(adapter.worker_command(concurrency), environment, SETTING.directory / "worker.log")


async def wait_for(condition: Callable[[], Awaitable[bool]], worker: Worker, *, every: float) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not await condition():
        if not worker.alive() or time.monotonic() > end:
            raise failure(worker)
        await asyncio.sleep(every)


def failure(worker: Worker) -> Failed:
    """Return what to say of a worker that does not do what it should."""
    tail = (SETTING.directory / "worker.log").read_text("utf-8", "replace")[-2000:]
    return Failed(f"{STAMPS.count()} tasks ran, then the worker {'was late' if worker.alive() else 'ended'}\n{tail}")


async def wait_for_runs(count: int, worker: Worker) -> None:
    """Wait until so many tasks have run."""

    async def have_run() -> bool:
        return STAMPS.count() >= count

    await wait_for(have_run, worker, every=0.005)


async def enqueue(adapter: Adapter, count: int) -> Figures:
    """Measure how fast tasks are submitted while no worker runs, gathered and by the system's fastest way."""
    await adapter.submit_gathered(WARM_UP)
    load, figures = ForeignLoad(servers=adapter.servers), Figures()
    for name, submit in (("gathered", adapter.submit_gathered), ("many", adapter.submit_many)):
        wall, cpu = time.perf_counter(), time.process_time()
        await submit(count)
        figures[f"enqueue_{name}"] = count / (time.perf_counter() - wall)
        figures[f"enqueue_{name}_cpu_us"] = (time.process_time() - cpu) / count * 1e6
    return figures | {"foreign": load.cores()}


async def drain(adapter: Adapter, count: int, concurrency: int) -> Figures:
    """Measure how fast a worker runs what was submitted before it was started, up to the last stored result."""
    handles = await adapter.submit_many(count)
    with start_worker(adapter, concurrency) as worker:
        await wait_for_runs(1, worker)
        load, cpu = ForeignLoad(worker, adapter.servers), worker.precise_cpu()
        await wait_for_runs(count, worker)
        await wait_for(lambda: adapter.all_stored(handles), worker, every=0.0005)
        stored = time.time()
        used, foreign = worker.precise_cpu() - cpu, load.cores()
        missing = count - await adapter.count_stored(handles)
    stamps = STAMPS.read()
    if missing or len(stamps) != count:
        raise Failed(f"{count} were submitted, {len(stamps)} ran, {missing} results are missing")
    return {
        f"drain_{concurrency}": count / (stored - stamps[0]),
        f"drain_{concurrency}_cpu_us": used / count * 1e6,
        "foreign": foreign,
    }


async def session(adapter: Adapter, idle_seconds: float, concurrency: int) -> Figures:
    """Measure a worker's start, its rest, its memory, and round trips to it."""
    figures = {"boot_s": min([await boot(adapter, concurrency) for _ in range(BOOTS)])}
    with start_worker(adapter, concurrency) as worker:
        await adapter.result(await adapter.submit())
        await asyncio.sleep(1.5)
        load = ForeignLoad(worker, adapter.servers)
        figures |= idle(worker, idle_seconds)
        trips = await round_trips(adapter)
        return figures | trips | {"foreign": load.cores()}


async def boot(adapter: Adapter, concurrency: int) -> float:
    """Measure how long it takes from a worker's start to its first task, which waits for it; in seconds."""
    ran = STAMPS.count()
    first = await adapter.submit()
    with start_worker(adapter, concurrency) as worker:
        await wait_for_runs(ran + 1, worker)
        await adapter.result(first)
        return STAMPS.read()[-1] - worker.started


def idle(worker: Worker, seconds: float) -> Figures:
    """Measure what a worker costs that has nothing to do; this process rests too."""
    before, began = worker.precise_cpu(), time.monotonic()
    time.sleep(seconds)
    percent = 100 * (worker.precise_cpu() - before) / (time.monotonic() - began)
    resident, proportional = worker.memory()
    return {"idle_cpu_percent": percent, "rss_mb": resident / MIB, "pss_mb": proportional / MIB}


async def round_trips(adapter: Adapter) -> Figures:
    """Submit and await one task after the other."""
    times: list[float] = []
    end = time.monotonic() + ROUND_TRIP_TIME
    while len(times) < ROUND_TRIPS + WARM_UP and (time.monotonic() < end or len(times) <= WARM_UP + 2):
        began = time.perf_counter()
        await adapter.result(await adapter.submit())
        times.append((time.perf_counter() - began) * 1000)
    percentiles = statistics.quantiles(times[WARM_UP:], n=100, method="inclusive")
    return {"round_trip_p50_ms": percentiles[49], "round_trip_p99_ms": percentiles[98]}


async def fan_out(adapter: Adapter, concurrency: int) -> Figures:
    """Measure how long a task takes that submits many others and awaits their values, in a worker that is warm."""
    with start_worker(adapter, concurrency) as worker:
        try:
            async with asyncio.timeout(PATIENCE):
                await adapter.fan_out(WARM_UP)
                load, cpu = ForeignLoad(worker, adapter.servers), worker.precise_cpu()
                times = [await adapter.fan_out(CHILDREN) for _ in range(FAN_OUTS)]
                used, foreign = worker.precise_cpu() - cpu, load.cores()
        except TimeoutError:
            raise failure(worker) from None
    expected = WARM_UP + FAN_OUTS * CHILDREN
    if STAMPS.count() != expected:
        raise Failed(f"{expected} children were submitted, {STAMPS.count()} ran")
    return {
        "fan_out_s": statistics.median(times),
        "fan_out_best_s": min(times),
        "fan_out_cpu_us": used / (FAN_OUTS * CHILDREN) * 1e6,
        "foreign": foreign,
    }


async def measure(adapter: Adapter, what: str, count: int, idle_seconds: float) -> Figures:
    """Do one measurement: ``enqueue``, ``drain-N``, ``fanout`` or ``session``; no figures where it cannot be done."""
    await adapter.open()
    try:
        kind, _, concurrency = what.partition("-")
        if kind == "enqueue":
            return await enqueue(adapter, count)
        if kind == "drain":
            return await drain(adapter, count, int(concurrency))
        if kind == "fanout":
            return await fan_out(adapter, concurrency=10)
        return await session(adapter, idle_seconds, concurrency=10)
    except NotMeasured:
        return {}
    finally:
        await adapter.close()


def main(system: str, what: str, count: str, idle_seconds: str) -> None:
    """Measure and print."""
    adapter: Adapter = importlib.import_module(f"systems.{system}").ADAPTER
    try:
        figures = asyncio.run(measure(adapter, what, int(count), float(idle_seconds)))
    except Failed as error:
        sys.exit(f"{system}: {error}")
    print(json.dumps({"durability": adapter.durability, "servers": adapter.server_versions, "figures": figures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
