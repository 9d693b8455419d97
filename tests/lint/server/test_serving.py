"""The server as a process of its own, as an editor starts it."""

import io
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import CAPABLE, PULLING, Editor, Refused, applied
from tests.lint.server.shop import API, write_shop
from tests.lint.server.test_diagnostics import BLOCKING, codes
from tests.lint.server.test_disk import folder, told_of
from tests.lint.server.test_indexing import kind as progress

COMMAND = [sys.executable, "-m", "mog_cli", "lsp"]
Process = subprocess.Popen[bytes]
Start = Callable[..., tuple[Process, Editor]]


def write_many(project: ScratchProject) -> None:
    """Write so many files that the first look at them takes a while."""
    for number in range(300):
        project.write(f"many/a{number}.py", f"from mog import task\nx = {number}\n" + BLOCKING * 20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server whose stderr goes to `errors`."""
    running: list[Process] = []

    def begin(*arguments: str) -> tuple[Process, Editor]:
        with (tmp_path / "errors").open("wb") as errors:
            process = subprocess.Popen(
                [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=tmp_path
            )
        running.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        return process, Editor(process.stdout, process.stdin)

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def test_a_session_from_beginning_to_end(start: Start, project: ScratchProject, tmp_path: Path) -> None:
    """Everything once, as a user would do it."""
    write_shop(project)
    process, editor = start()
    told = editor.start(project.root)
    assert {key for key in told if key.endswith("Provider")} == {
        "codeActionProvider",
        "completionProvider",
        "definitionProvider",
        "diagnosticProvider",
        "documentLinkProvider",
        "executeCommandProvider",
        "hoverProvider",
        "referencesProvider",
    }
    api = editor.open(project.root / "src/shop/api.py")
    assert editor.pushed(api) == []
    typed = API.replace("import tasks", "import tasks  # mog: ignore[").replace(
        "    await app.submit(resize, path)", "    import time; time.sleep(1)\n    await app.submit(resize, path)"
    )
    editor.type(api, typed)
    assert ("MOG201", 7) in codes(editor.pushed(api))
    assert codes(editor.pulled(api)) == [("MOG002", 1), ("MOG201", 7)]
    assert editor.at("completion", api, typed, "ignore[")["items"]
    assert "images" in editor.at("hover", api, typed, 'name="shop.re')["contents"]["value"]
    assert editor.at("definition", api, typed, 'name="shop.re')[0]["uri"].endswith("/tasks.py")
    assert len(editor.at("references", api, typed, 'name="shop.re', context={"includeDeclaration": True})) == 9
    (mend, silence) = editor.actions(api, 7, ["quickfix"])
    assert "await asyncio.sleep(1)" in applied(typed, mend)
    assert "# mog: ignore[MOG201] reason" in applied(typed, silence)
    (mend_all,) = editor.actions(api, 0, ["source.fixAll.mog"])
    mended = applied(typed, mend_all)
    editor.type(api, mended.replace("import tasks  # mog: ignore[", "import tasks  # mog: ignore[MOG201] why"))
    assert [code for code, _ in codes(editor.pushed(api))] == ["MOG001"]
    (link,) = editor.ask("textDocument/documentLink", {"textDocument": {"uri": api}})
    assert link["tooltip"] == "blocking-call"
    editor.close(api)
    editor.stop()
    assert process.wait(20) == 0
    assert (tmp_path / "errors").read_bytes() == b""


def test_what_happens_around_the_texts(start: Start, project: ScratchProject, tmp_path: Path) -> None:
    """Progress that is called off, a configuration that changes, a folder that comes, a question that is called off."""
    write_many(project)
    process, editor = start()
    editor.start(project.root)
    token = editor.wait_for(progress("begin"))["params"]["token"]
    editor.notify("window/workDoneProgress/cancel", {"token": token})
    editor.wait_for(progress("end"))
    uri = editor.open(project.write("a.py", BLOCKING))
    while codes(editor.pushed(uri)) != [("MOG201", 4)]:
        pass  # of the look that was called off, which is taken up again
    config = project.write("pyproject.toml", '[tool.mog.lint]\nignor = ["MOG2"]\n')
    editor.disk_changed(config)
    assert "did you mean ignore?" in told_of(editor, config)[0]["message"]
    config.write_text('[tool.mog.lint]\nignore = ["MOG2"]\n')
    editor.disk_changed(config)
    assert told_of(editor, config) == []
    assert editor.pulled(uri) == []
    other = ScratchProject(tmp_path / "other")
    editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder(other.root)], "removed": []}})
    assert codes(editor.pushed(editor.open(other.write("b.py", BLOCKING)))) == [("MOG201", 4)]
    number = editor.begin("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    editor.notify("$/cancelRequest", {"id": number})
    with suppress(Refused):  # it may have been answered before
        assert editor.answer(number)["items"] == []
    editor.stop()
    assert process.wait(20) == 0


def test_an_editor_that_is_just_gone(start: Start, project: ScratchProject) -> None:
    process, editor = start()
    editor.start(project.root)
    editor.open(project.write("a.py", BLOCKING))
    editor.sink.close()
    assert process.wait(20) == 1


def test_an_editor_that_does_not_listen_any_more(project: ScratchProject) -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        editor = Editor(io.BytesIO(), process.stdin)
        editor.begin("initialize", {"processId": None, "rootUri": project.root.as_uri(), "capabilities": CAPABLE})
        editor.notify("initialized", {})
        editor.open(project.write("a.py", BLOCKING))
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 1
        assert b"the editor does not listen any more" in errors
        assert b"Traceback" not in errors


def test_an_editor_that_dies_during_the_first_look(start: Start, project: ScratchProject) -> None:
    write_many(project)
    process, editor = start()
    editor.start(project.root)
    editor.wait_for(progress("begin"))
    editor.sink.close()
    assert process.wait(20) == 1


def test_ctrl_c_is_no_traceback(start: Start, project: ScratchProject, tmp_path: Path) -> None:
    process, editor = start()
    editor.start(project.root)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert b"Traceback" not in (tmp_path / "errors").read_bytes()


def test_what_is_no_protocol_gets_one_line(start: Start, project: ScratchProject, tmp_path: Path) -> None:
    process, editor = start()
    editor.start(project.root)
    editor.sink.write(b"Content-Length: 999999999999\r\n\r\n")
    editor.sink.flush()
    assert process.wait(20) == 1
    (line,) = (tmp_path / "errors").read_text().splitlines()
    assert "is not the language server protocol: a message of 999999999999 bytes" in line


def test_every_message_is_told_on_demand(start: Start, project: ScratchProject, tmp_path: Path) -> None:
    process, editor = start("-v")
    editor.start(project.root)
    editor.stop()
    process.wait(20)
    assert "Language server initialized" in (tmp_path / "errors").read_text()


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.long)])
def test_a_large_project_is_read_and_nothing_is_stale(start: Start, project: ScratchProject, count: int) -> None:
    task = "from mog import task\n@task(name='a{}')\nasync def a(context): ...\n"
    for number in range(count):
        project.write(f"part{number // 100}/a{number}.py", task.format(number))
    process, editor = start()
    editor.start(project.root, capabilities=PULLING)
    text = "import mog\nmog.Request(name='a"
    uri = editor.open(project.root / "new.py", text)
    assert len(editor.at("completion", uri, text, "'a")["items"]) == count
    other = editor.open(project.root / "part3/a300.py")
    assert editor.pulled(other) == []
    for number in range(0, count, 10):
        project.write(f"part{number // 100}/a{number}.py", task.format(1))
    editor.disk_changed(project.root / "part0/a0.py")
    editor.wait_for(lambda message: message.get("method") == "workspace/diagnostic/refresh")
    assert len(editor.at("completion", uri, text, "'a")["items"]) == count - count // 10 + 1
    assert memory_of(process) < 400
    editor.stop()
    assert process.wait(20) == 0


def memory_of(process: Process) -> float:
    """Return the megabytes that a process holds; 0 where the machine does not tell."""
    status = Path(f"/proc/{process.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0)


def test_memory_does_not_grow_with_edits(start: Start, project: ScratchProject) -> None:
    process, editor = start()
    editor.start(project.root, capabilities={**CAPABLE, **PULLING})
    uri = editor.open(project.write("a.py", BLOCKING))

    def edit(first: int, last: int) -> None:
        for number in range(first, last):
            editor.type(uri, f"x = ({number}{')' if number % 5 else ''}\n" + BLOCKING)
            if number % 7 == 0:  # texts that are Python and such as are none
                editor.pulled(uri)
        editor.heard.clear()

    edit(0, 400)
    before = memory_of(process)
    edit(400, 1_600)
    assert memory_of(process) - before < 8
    editor.stop()
    assert process.wait(20) == 0
