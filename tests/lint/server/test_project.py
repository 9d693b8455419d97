"""A project that is open in the editor."""

from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.config import LintConfig
from mog_lint.server.project import Project

BLOCKING = "import time\n\n\nasync def load():\n    time.sleep(1)\n"


@pytest.fixture
def path(project: ScratchProject) -> Path:
    return project.write("tasks.py", BLOCKING)


@pytest.fixture
def opened(project: ScratchProject, path: Path) -> Project:
    return Project(project.config())


@pytest.fixture(autouse=True)
def rules(project: ScratchProject) -> None:
    project.select = ("MOG0", "MOG1", "MOG2")


def test_the_text_of_the_editor_counts(opened: Project, path: Path) -> None:
    assert places(opened.findings(path)) == [("tasks.py", 5)]
    opened.show(path, "\n" + BLOCKING)
    assert places(opened.findings(path)) == [("tasks.py", 6)]
    opened.hide(path)
    assert places(opened.findings(path)) == [("tasks.py", 5)]


def test_while_a_text_is_not_python_its_findings_stay_at_their_places(opened: Project, path: Path) -> None:
    opened.show(path, BLOCKING)
    opened.show(path, BLOCKING.replace("import time", "import time\nx = ("))
    found = opened.findings(path)
    assert [(finding.code, finding.location.row) for finding in found] == [("MOG000", 2), ("MOG201", 6)]
    assert all(finding.fix is None for finding in found)
    assert opened.is_broken(path)
    opened.show(path, BLOCKING)
    assert [(finding.code, finding.fix is None) for finding in opened.findings(path)] == [("MOG201", False)]


def test_a_finding_whose_text_is_typed_over_goes(opened: Project, path: Path) -> None:
    opened.show(path, BLOCKING)
    opened.show(path, BLOCKING.replace("time.sleep(1)", "time.sl"))
    assert [finding.code for finding in opened.findings(path)] == []
    opened.show(path, BLOCKING.replace("time.sleep(1)", "time.sl("))
    assert [finding.code for finding in opened.findings(path)] == ["MOG000"]


def test_a_text_that_is_opened_broken_keeps_what_is_on_disk(opened: Project, path: Path) -> None:
    opened.show(path, BLOCKING + "x = (")
    assert [finding.code for finding in opened.findings(path)] == ["MOG201", "MOG000"]
    assert opened.parsed(path) == BLOCKING


def test_a_text_that_was_never_python_is_one_finding(project: ScratchProject) -> None:
    path = project.write("broken.py", "async def load(:\n")
    opened = Project(project.config())
    opened.show(path, "async def load((:\n")
    assert [finding.code for finding in opened.findings(path)] == ["MOG000"]
    assert opened.parsed(path) == ""


def test_the_rule_for_broken_texts_can_be_off(project: ScratchProject, path: Path) -> None:
    project.select = ("MOG201",)
    opened = Project(project.config())
    opened.show(path, BLOCKING + "x = (")
    assert [finding.code for finding in opened.findings(path)] == ["MOG201"]


def test_other_files_are_judged_by_the_last_version_that_was_python(project: ScratchProject) -> None:
    helper = project.write("helper.py", "import time\n\n\ndef pause():\n    time.sleep(1)\n")
    caller = project.write("caller.py", "from helper import pause\n\n\nasync def load():\n    pause()\n")
    opened = Project(project.config())
    assert [finding.code for finding in opened.findings(caller)] == ["MOG203"]
    opened.show(helper, "import time\n\n\ndef pause():\n    time.sleep(1)\n\ndef (")
    assert [finding.code for finding in opened.findings(caller)] == ["MOG203"]
    opened.show(helper, "def pause():\n    pass\n")
    assert opened.findings(caller) == ()
    opened.hide(helper)
    assert [finding.code for finding in opened.findings(caller)] == ["MOG203"]


def test_nothing_is_worked_out_twice(opened: Project, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.show(path, BLOCKING)
    first = opened.findings(path)
    monkeypatch.setattr(opened.session, "findings", lambda _: pytest.fail("it was known"))
    opened.show(path, BLOCKING)
    assert opened.findings(path) is first


def test_trying_a_text_leaves_no_trace(opened: Project, path: Path) -> None:
    opened.show(path, BLOCKING)
    assert opened.findings_if(path, b"x = 1\n") == ()
    assert places(opened.findings(path)) == [("tasks.py", 5)]


def test_a_text_is_tried_once_and_what_was_known_stays_known(
    opened: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.show(path, BLOCKING)
    first = opened.findings(path)
    tried = opened.findings_if(path, b"\n" + BLOCKING.encode())
    monkeypatch.setattr(opened.session, "findings", lambda _: pytest.fail("it was known"))
    assert opened.findings_if(path, b"\n" + BLOCKING.encode()) is tried
    assert places(tried) == [("tasks.py", 6)]
    assert opened.findings(path) is first


def test_a_tried_text_is_judged_anew_when_another_file_changes(project: ScratchProject) -> None:
    helper = project.write("helper.py", "def pause(): ...\n")
    caller = project.write("caller.py", "x = 1\n")
    calling = b"from helper import pause\n\n\nasync def load():\n    pause()\n"
    opened = Project(project.config())
    assert opened.findings_if(caller, calling) == ()
    opened.show(helper, "import time\n\n\ndef pause():\n    time.sleep(1)\n")
    assert [finding.code for finding in opened.findings_if(caller, calling)] == ["MOG203"]


def test_a_text_that_is_tried_for_a_file_that_is_not_saved_is_not_the_file(opened: Project, path: Path) -> None:
    new = path.with_name("new.py")
    opened.show(new, "x = (")
    assert places(opened.findings_if(new, BLOCKING.encode())) == [("new.py", 5)]
    assert new not in opened.session.files
    assert [finding.code for finding in opened.findings(new)] == ["MOG000"]


def test_files_that_the_project_leaves_out_do_not_count(project: ScratchProject) -> None:
    left_out = project.write(".venv/lib/a.py", BLOCKING)
    opened = Project(project.config())
    assert not opened.holds(left_out)
    assert opened.holds(project.root / "new.py")


def test_new_and_changed_files_are_seen(opened: Project, project: ScratchProject, path: Path) -> None:
    assert places(opened.findings(path)) == [("tasks.py", 5)]
    new = project.write("new.py", BLOCKING)
    path.write_text("x = 1\n")
    assert not opened.holds(new)
    opened.rescan()
    assert opened.holds(new)
    assert opened.findings(path) == ()
    new.unlink()
    opened.rescan()
    assert new not in opened.session.files


def test_without_a_project_the_files_beside_are_looked_at(tmp_path: Path) -> None:
    path, below = tmp_path / "a.py", tmp_path / "below" / "b.py"
    below.parent.mkdir()
    below.write_text(BLOCKING)
    path.write_text(BLOCKING)
    opened = Project(LintConfig(root=tmp_path))
    assert opened.session.files == {path}
    (tmp_path / "c.py").write_text("x = 1\n")
    path.unlink()
    opened.rescan()
    assert opened.session.files == {tmp_path / "c.py"}


def test_what_was_learnt_is_kept_when_the_first_look_is_called_off(project: ScratchProject) -> None:
    for number in range(4):
        project.write(f"a{number}.py", f"from mog import task\nx = {number}\n")

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise Stop

    void = Project(project.config())
    with pytest.raises(Stop):
        void.analyse(on_progress=stop)
    void.save()
    told: list[tuple[int, int]] = []
    Project(project.config()).analyse(on_progress=lambda *numbers: told.append(numbers))
    assert told == [(1, 2), (2, 2)]
