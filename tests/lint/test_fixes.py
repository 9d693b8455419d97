"""Fixes keep everything but what they mend."""

import os
import stat
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject

from mog_lint import fixes
from mog_lint.errors import FixError
from mog_lint.findings import Applicability, Edit, Finding, Fix, Location, Severity
from mog_lint.fixes import FixedFile, apply_fixes, fix_paths
from mog_lint.model.source import digest


def finding(data: bytes, *edits: tuple[int, int, str], applicability: Applicability = Applicability.SAFE) -> Finding:
    place = Location(1, 1)
    made = tuple(Edit(start, end, content, place, place) for start, end, content in edits)
    fix = Fix("mend it", applicability, made, digest(data))
    return Finding("MOG999", "name", "message", "a.py", place, place, Severity.ERROR, fix)


def test_edits_apply_from_wherever_they_come() -> None:
    data = b"one two three"
    after, applied = apply_fixes(data, [finding(data, (4, 7, "2"), (0, 3, "1")), finding(data, (8, 13, "3"))])
    assert (after, len(applied)) == (b"1 2 3", 2)


def test_a_fix_that_touches_another_waits(subtests: pytest.Subtests) -> None:
    data = b"one two three"
    first = finding(data, (0, 3, "1"), (8, 13, "3"))
    for span in ((2, 5), (3, 4), (0, 3), (8, 8), (0, 13)):
        with subtests.test(span=span):
            after, applied = apply_fixes(data, [first, finding(data, (*span, "x"))])
            assert (after, applied) == (b"1 two 3", (first,))


def test_all_or_nothing() -> None:
    data = b"one two three"
    after, _ = apply_fixes(data, [finding(data, (0, 3, "1")), finding(data, (4, 7, "2"), (1, 2, "x"))])
    assert after == b"1 two three"


def test_the_same_edit_of_two_fixes_is_made_once() -> None:
    data = b"a\nb\n"
    both = [finding(data, (0, 0, "import x\n"), (0, 1, "x.a")), finding(data, (0, 0, "import x\n"), (2, 3, "x.b"))]
    assert apply_fixes(data, both[1:])[0] == b"import x\na\nx.b\n"


def test_unsafe_fixes_only_if_asked_for() -> None:
    data = b"one"
    unsafe = finding(data, (0, 3, "1"), applicability=Applicability.UNSAFE)
    assert apply_fixes(data, [unsafe]) == (data, ())
    assert apply_fixes(data, [unsafe], unsafe=True) == (b"1", (unsafe,))


def test_a_fix_for_another_content_is_left_out() -> None:
    assert apply_fixes(b"two", [finding(b"one", (0, 3, "1"))]) == (b"two", ())


def test_a_fix_that_the_encoding_cannot_hold_is_left_out() -> None:
    data = b"# coding: latin-1\nx"
    assert apply_fixes(data, [finding(data, (18, 19, "\N{SNOWMAN}"))]) == (data, ())
    assert apply_fixes(data, [finding(data, (18, 19, "\xe9"))])[0] == b"# coding: latin-1\n\xe9"


@pytest.mark.parametrize(
    "data",
    [
        b"from mog import task\r\n@task\r\ndef a(c):\r\n\tpass",
        b"\xef\xbb\xbffrom mog import task\n@task\ndef a(c): pass\n",
        b"# -*- coding: latin-1 -*-\nfrom mog import task  # \xe9\xe8\n@task\ndef a(c): pass\n",
        b"from mog import task\n\x0c\n@task\ndef a(c): pass\n",
        b"from mog import task\r@task\rdef a(c): pass\r",
        "from mog import task\n'\N{GRINNING FACE}\u2028\x85'\n@task\ndef a(c): pass\n".encode(),
        b"if 1:\n\tfrom mog import task  \\\n\n\t@task\n\tdef a(c): pass\n  # odd indent\n",
    ],
)
def test_all_else_stays_byte_for_byte(project: ScratchProject, data: bytes) -> None:
    project.write("tasks.py", data)
    outcome = fix_paths([], project.config())
    (fixed,) = outcome.files
    assert fixed.after == data.replace(b"@task", b'@task(name="tasks.a")')
    assert outcome.remaining == ()
    fixed.write()
    assert (project.root / "tasks.py").read_bytes() == fixed.after


def test_fixes_take_turns_and_what_is_left_is_told(project: ScratchProject) -> None:
    project.write("tasks.py", "from mog import task\nimport os  # mog: ignore[one, two]  # mog: ignore[three]\n")
    project.write("jobs/more.py", "from mog import task\n@task\ndef a(c): ...\n")
    outcome = fix_paths([], project.config())
    assert [(file.path.name, len(file.applied)) for file in outcome.files] == [("tasks.py", 2)]
    assert outcome.files[0].after == b"from mog import task\nimport os\n"
    assert [finding.code for finding in outcome.remaining] == ["MOG101"]


def test_a_fixer_that_never_ends_is_stopped(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def grow(data: bytes, _findings: object, *, unsafe: bool) -> tuple[bytes, tuple[Finding, ...]]:
        assert not unsafe
        return data + b"#", (finding(data),)

    monkeypatch.setattr(fixes, "apply_fixes", grow)
    project.write("tasks.py", "from mog import task\n@task\ndef a(c): ...\n")
    (file,) = fix_paths([], project.config()).files
    assert len(file.applied) == fixes.MAX_ROUNDS


def test_diff(tmp_path: Path) -> None:
    file = FixedFile(tmp_path / "pkg/a.py", b"one\r\ntwo", b"one\r\n2\nthree", ())
    assert file.diff(tmp_path) == (
        "--- a/pkg/a.py\n+++ b/pkg/a.py\n@@ -1,2 +1,3 @@\n one\r\n-two\n\\ No newline at end of file\n"
        "+2\n+three\n\\ No newline at end of file\n"
    )
    assert f"--- a{tmp_path}/pkg/a.py\n" in file.diff(tmp_path / "elsewhere").replace("a//", "a/")


def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    target = tmp_path / "real.py"
    target.write_bytes(b"old")
    target.chmod(0o755)
    link = tmp_path / "link.py"
    link.symlink_to(target)
    FixedFile(link, b"old", b"new", ()).write()
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link.py", "real.py"]


def test_a_file_that_has_changed_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "a.py"
    target.write_bytes(b"edited")
    with pytest.raises(FixError, match="has changed while it was linted"):
        FixedFile(target, b"old", b"new", ()).write()
    assert target.read_bytes() == b"edited"


def test_a_write_that_fails_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.py"
    target.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FixError, match=r"a\.py cannot be written: No space left on device"):
        FixedFile(target, b"old", b"new", ()).write()
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
