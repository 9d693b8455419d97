"""What has been seen is not parsed again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.analysis import Parsed, analyse
from mog_lint.fingerprint import fingerprint
from mog_lint.model.codec import as_data, from_data
from mog_lint.model.source import Problem, digest
from mog_lint.store import KEPT_PER_USED, Store, encoded

UNNAMED = b"from mog import task\n@task\nasync def resize(context): ...\n"
SLOW = b"import time\nasync def wait():\n    time.sleep(1)\n"
RICH = b"""
# mog: ignore[MOG101, MOG001]  # mog: ignore
import os  # noqa: E501, MOG101
from .a import *
from mog import App, task
class Shop(App):
    def x(self) -> "App": ...
app: App | None = Shop()
@app.task(name=None, *a, **k)
@task
def f() -> Shop: ...
if __name__ == "__main__": ...
"""


def cache_file(project: ScratchProject) -> Path:
    return project.root / ".mog/lint/cache"


def count_analyses(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    seen: list[bytes] = []

    def spy(data: bytes, before: Parsed | None = None) -> Parsed | Problem:
        seen.append(data)
        return analyse(data, before)

    monkeypatch.setattr("mog_lint.analysis.analyse", spy)
    return seen


def test_a_summary_survives_its_way_through_json() -> None:
    for data in (RICH, UNNAMED, b""):
        parsed = analyse(data)
        assert isinstance(parsed, Parsed)
        assert from_data(json.loads(json.dumps(as_data(parsed.summary)))) == parsed.summary


def test_the_second_run_says_the_same_and_analyses_nothing(
    project: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("tasks.py", UNNAMED)
    project.write("broken.py", "from mog import (")
    project.write("plain.py", "x = 1\n")
    project.write("plain_broken.py", "x = (\n")
    first = project.lint()
    analysed = count_analyses(monkeypatch)
    assert project.lint() == first
    assert [finding.code for finding in first] == ["MOG000", "MOG000", "MOG101"]
    assert analysed == []


def test_a_changed_file_is_analysed_and_a_moved_one_is_not(
    project: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = UNNAMED.replace(b"@task", b"@task(name='x')")
    project.write("one.py", UNNAMED)
    project.write("two.py", named)
    project.lint()
    analysed = count_analyses(monkeypatch)
    changed = b"# other\n" + UNNAMED
    project.write("one.py", changed)
    (project.root / "two.py").rename(project.root / "moved.py")
    assert places(project.lint()) == [("one.py", 3)]
    assert analysed == [changed]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"other\nKEY\t[]",
        b"FINGERPRINT",
        b"FINGERPRINT\n\n\t\n\xff\t1",
        b"FINGERPRINT\nKEY",
        b"FINGERPRINT\nKEY\t{",
        b"FINGERPRINT\nKEY\t" + b"[" * 100_000,
        b"FINGERPRINT\nKEY\t[]",
        b"FINGERPRINT\nKEY\t3",
        b'FINGERPRINT\nKEY\t["summary", [1]]',
        b'FINGERPRINT\nKEY\t["summary"]',
        b'FINGERPRINT\nKEY\t["problem", "x", "y", 3]',
        b"FINGERPRINT\nKEY.places\t[]",
        b'FINGERPRINT\nKEY.places\t[{"x": [1, 2]}, {}, false]',
        b'FINGERPRINT\nKEY.places\t[{"1": 3}, {}, false]',
        b'FINGERPRINT\nKEY.places\t[{}, {"x": [[1]]}, false]',
    ],
    ids=lambda content: repr(content[:60]),
)
def test_a_damaged_cache_is_no_cache(project: ScratchProject, content: bytes) -> None:
    project.write("tasks.py", UNNAMED)
    first = project.lint()
    key = digest(UNNAMED).encode()
    content = content.replace(b"FINGERPRINT", fingerprint().encode()).replace(b"KEY", key)
    cache_file(project).write_bytes(content)
    (cache_file(project).parent / "runs").unlink()
    assert project.lint() == first
    assert key + b"\t" in cache_file(project).read_bytes()
    assert key + b".places\t" in cache_file(project).read_bytes()


def test_where_nothing_can_be_written_there_is_no_cache(project: ScratchProject) -> None:
    project.write(".mog", "a file in the way")
    project.write("tasks.py", UNNAMED)
    assert project.codes() == ["MOG101"]


def test_git_is_told_to_leave_it_alone(project: ScratchProject) -> None:
    project.write("tasks.py", UNNAMED)
    project.lint()
    assert (project.root / ".mog/lint/.gitignore").read_text() == "*\n"


def test_without_a_project_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_bytes(UNNAMED)
    subprocess.run([sys.executable, "-c", LINT], check=True, cwd=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["tasks.py"]


def test_entries_nobody_used_for_long_are_dropped(tmp_path: Path) -> None:
    file = tmp_path / "cache"
    for number in range(40):
        store = Store(file, "x", kept=3)
        store.put(str(number), encoded(number))
        store.save()
        assert len(file.read_bytes().splitlines()) <= 1 + KEPT_PER_USED + 1
    assert Store(file, "x").get("39") == 39
    assert Store(file, "y").get("39") is None
    assert Store(file, "x").get("0") is None


LINT = """
import sys
from pathlib import Path
from mog_lint.config import load_config
from mog_lint.engine import lint_paths
print(len(list(lint_paths([], load_config(Path.cwd())))), "libcst" in sys.modules)
"""


def test_a_project_that_is_known_needs_no_parser(project: ScratchProject) -> None:
    project.write("tasks.py", UNNAMED + SLOW)
    shown = [
        subprocess.run(
            [sys.executable, "-c", LINT], check=True, capture_output=True, text=True, cwd=project.root
        ).stdout
        for _ in range(2)
    ]
    assert shown == ["2 True\n", "2 False\n"]
