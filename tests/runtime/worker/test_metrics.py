"""What is counted, and how Prometheus reads it."""

import threading
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from mog.engine.records import QueueDepth
from mog.worker.metrics import BUCKETS, Figures, Tally, exposition
from mog.worker.vitals import Report


def report(*, problem: str | None = None, running: int = 2, lag: float = 0.25) -> Report:
    return Report(7, "shop", 1e9, problem, running, lag, blocked=12.5, cpu=1.5, memory=4096, tally=Tally())


def read(figures: Figures) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples by name and labels, as Prometheus' own parser reads them."""
    families = text_string_to_metric_families(exposition(figures).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_runs_by_task_and_state() -> None:
    tally = Tally()
    for state in ("SUCCESS", "SUCCESS", "FAILURE"):
        tally.count("shop.add", state, 0.02)
    samples = read(Figures("shop", tally, {}))
    assert samples["mog_tasks_ended_total", (("state", "SUCCESS"), ("task", "shop.add"))] == 2
    assert samples["mog_tasks_ended_total", (("state", "FAILURE"), ("task", "shop.add"))] == 1


def test_durations_are_cumulated() -> None:
    tally = Tally()
    for seconds in (0.001, 0.005, 0.3, 4000.0):
        tally.count("t", "SUCCESS", seconds)
    samples = read(Figures("shop", tally, {}))

    def below(bound: str) -> float:
        return samples["mog_task_duration_seconds_bucket", (("le", bound), ("task", "t"))]

    assert [below(bound) for bound in ("0.005", "0.25", "0.5", "1800.0", "+Inf")] == [2, 2, 3, 3, 4]
    assert samples["mog_task_duration_seconds_count", (("task", "t"),)] == 4
    assert abs(samples["mog_task_duration_seconds_sum", (("task", "t"),)] - 4000.306) < 1e-6


def test_names_of_any_kind_are_quoted() -> None:
    tally = Tally()
    tally.count('a "b"\n\\', "SUCCESS", 1.0)
    assert ("mog_tasks_ended_total", (("state", "SUCCESS"), ("task", 'a "b"\n\\'))) in read(Figures("x", tally, {}))


def test_processes_and_queues() -> None:
    reports = {1: report(), 2: report(problem="it is tired", running=1, lag=3.0)}
    depths = [QueueDepth("slow", ready=4, delayed=5, running=6)]
    samples = read(Figures("shop", Tally(), reports, restarts=3, depths=depths))
    first, second = (("process", "1"),), (("process", "2"),)
    assert samples["mog_tasks_running", ()] == 3
    assert (samples["mog_process_ready", first], samples["mog_process_ready", second]) == (1, 0)
    assert samples["mog_event_loop_lag_seconds", second] == 3.0
    assert samples["mog_event_loop_blocked_seconds_total", first] == 12.5
    assert samples["mog_process_resident_memory_bytes", first] == 4096
    assert samples["mog_process_cpu_seconds_total", first] == 1.5
    assert samples["mog_process_start_time_seconds", first] == 1e9
    assert samples["mog_process_restarts_total", ()] == 3
    for state, count in (("ready", 4), ("delayed", 5), ("running", 6)):
        assert samples["mog_queue_tasks", (("queue", "slow"), ("state", state))] == count


def test_what_runs_here() -> None:
    [labels] = [dict(labels) for name, labels in read(Figures("shop", Tally(), {})) if name == "mog_info"]
    assert labels["app"] == "shop"
    assert set(labels) == {"app", "version", "python"}


runs = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["SUCCESS", "FAILURE"]), st.sampled_from([0.0, 0.25, 1.0, 1e6]))
)


def tally_of(counted: list[tuple[str, str, float]]) -> Tally:
    tally = Tally()
    for run in counted:
        tally.count(*run)
    return tally


@given(runs, runs)
def test_tallies_add_up(one: list[tuple[str, str, float]], other: list[tuple[str, str, float]]) -> None:
    total = tally_of(one)
    total += tally_of(other)
    assert total == tally_of(one + other)


def test_adding_leaves_the_other_alone() -> None:
    one, other = Tally(), tally_of([("a", "SUCCESS", 1.0)])
    one += other
    one.count("a", "SUCCESS", 1.0)
    assert other == tally_of([("a", "SUCCESS", 1.0)])


def test_copies_are_taken_while_another_thread_counts() -> None:
    tally, done = Tally(), threading.Event()

    def count() -> None:
        for number in range(20_000):
            tally.count(f"t{number % 500}", "SUCCESS", 0.1)
        done.set()

    counter = threading.Thread(target=count)
    counter.start()
    while not done.is_set():
        tally.copy()
    counter.join()
    copy = tally.copy()
    assert copy == tally
    assert all(len(durations) == len(BUCKETS) + 2 for durations in copy.durations.values())
