"""A tree of tasks counts a tree of directories, with fewer slots than it is deep."""

import json
from pathlib import Path
from typing import Any


def lines_below(directory: Path) -> int:
    return sum(len(file.read_bytes().splitlines()) for file in directory.rglob("*.py"))


def flat(tree: dict[str, Any], level: int = 0) -> list[tuple[int, str, str]]:
    """Level, task and arguments of each task of a tree, as they are shown."""
    below = [line for child in tree["children"] for line in flat(child, level + 1)]
    return [(level, tree["name"], tree["arguments"]), *below]


def test_directories_deeper_than_there_are_slots(example) -> None:
    shell = example("fan_out")
    for lines, directory in ((1, "source"), (10, "source/a"), (100, "source/a/b"), (1000, "source/a/b/c")):
        (shell.directory / directory).mkdir()
        (shell.directory / directory / "module.py").write_text("pass\n" * lines)
        (shell.directory / directory / "notes.txt").write_text("not counted\n")
    worker = shell.start("exec mog run --concurrency 1")
    try:
        task_id = shell.run("mog submit lines.count_directory source 2>/dev/null").strip()
        assert shell.run(f"mog tasks wait {task_id}").strip() == "1111"
        tree = json.loads(shell.run(f"mog tasks tree {task_id} --json"))
    finally:
        worker.terminate()
        worker.communicate(timeout=30)
    assert flat(tree) == [
        (0, "lines.count_directory", "'source'"),
        (1, "lines.count_directory", "PosixPath('source/a')"),
        (2, "lines.count_directory", "PosixPath('source/a/b')"),
        (3, "lines.count_directory", "PosixPath('source/a/b/c')"),
        (4, "lines.count_file", "PosixPath('source/a/b/c/module.py')"),
        (3, "lines.count_file", "PosixPath('source/a/b/module.py')"),
        (2, "lines.count_file", "PosixPath('source/a/module.py')"),
        (1, "lines.count_file", "PosixPath('source/module.py')"),
    ]


def test_readme_commands_work_as_written(example) -> None:
    shell = example("fan_out")
    output = shell.run(shell.readme())
    assert f"\n{lines_below(shell.directory / 'source')}\n" in output
    assert "PosixPath('source/metadata/__init__.py')" in output
