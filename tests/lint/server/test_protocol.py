"""What is malformed is answered or passed over, and the next question is answered all the same."""

import json
import threading

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import Editor, Refused

from mog_lint.server.protocol import LONGEST_HEADER
from mog_lint.server.server import MogServer

BLOCKING = "import time\n\n\nasync def load():\n    time.sleep(1)\n"


def is_well(editor: Editor, project: ScratchProject) -> bool:
    uri = editor.open(project.write("well.py", BLOCKING))
    return [item["code"] for item in editor.pulled(uri)] == ["MOG201"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"5",
        b"null",
        b'"text"',
        b"{}",
        b'{"jsonrpc": "2.0"}',
        b'{"jsonrpc": "1.0", "method": "textDocument/didOpen"}',
        b'{"jsonrpc": "2.0", "method": 5}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 5}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange",'
        b' "params": {"textDocument": {"uri": "file:///x", "version": 1}, "contentChanges": [{"text": ""}]}}',
        b'{"jsonrpc": "2.0", "method": "no/such/thing", "params": {}}',
        b'{"jsonrpc": "2.0", "id": 99, "result": null}',
        b'{"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "no"}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 99}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {}}',
        b'{"jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": {"token": "none"}}',
        b"[" * 20_000,
    ],
)
def test_a_malformed_message_is_passed_over(editor: Editor, project: ScratchProject, body: bytes) -> None:
    editor.start(project.root)
    editor.send_raw(body)
    assert is_well(editor, project)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("textDocument/hover", {"textDocument": {}}, -32602),
        ("textDocument/hover", None, -32602),
        ("textDocument/hover", 5, -32602),
        ("no/such/thing", {}, -32601),
        ("workspace/executeCommand", {"command": "no.such"}, -32602),
        ("workspace/executeCommand", {"command": "mog.select", "arguments": [1]}, -32602),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, -32600),
    ],
)
def test_a_malformed_question_is_answered_with_what_is_wrong(
    editor: Editor, project: ScratchProject, method: str, params: object, code: int
) -> None:
    editor.start(project.root)
    with pytest.raises(Refused) as caught:
        editor.ask(method, params)
    assert caught.value.code == code
    assert is_well(editor, project)


def test_before_the_beginning_nothing_is_answered(editor: Editor, project: ScratchProject) -> None:
    editor.notify("initialized", {})
    editor.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ""}},
    )
    with pytest.raises(Refused) as caught:
        editor.ask(
            "textDocument/hover", {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}
        )
    assert caught.value.code == -32002
    editor.start(project.root)
    assert is_well(editor, project)


@pytest.mark.parametrize(
    "junk",
    [
        b"\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Type: text\r\n\r\nwhat",
        b"Content-Length: 5\r\n\r\n{'a': longer than that}",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_junk_between_messages_is_passed_over(editor: Editor, project: ScratchProject, junk: bytes) -> None:
    editor.start(project.root)
    editor.sink.write(junk)
    assert is_well(editor, project)


def test_headers_in_small_letters_are_read(editor: Editor, project: ScratchProject) -> None:
    editor.start(project.root)
    body = json.dumps({"jsonrpc": "2.0", "id": 77, "method": "shutdown"}).encode()
    editor.sink.write(b"content-type: utf-8\r\ncontent-length:%d\r\n\r\n%s" % (len(body), body))
    editor.sink.flush()
    assert editor.answer(77) is None


def test_a_question_can_be_called_off(editor: Editor, project: ScratchProject, server: MogServer) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    editor.pulled(uri)
    go_on = threading.Event()
    server.worker._thread.submit(go_on.wait)
    number = editor.begin("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    editor.notify("$/cancelRequest", {"id": number})
    with pytest.raises(Refused) as caught:
        editor.answer(number)
    assert caught.value.code == -32800
    go_on.set()
    assert is_well(editor, project)


def test_a_fault_in_an_answer_is_an_answer(
    editor: Editor, project: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    with monkeypatch.context() as patch:
        patch.setattr("mog_lint.server.features.hover", lambda *_: 1 / 0)
        with pytest.raises(Refused, match="ZeroDivisionError"):
            editor.at("hover", uri, BLOCKING, "import")
    assert is_well(editor, project)


def test_a_fault_while_linting_leaves_what_was_shown(
    editor: Editor, project: ScratchProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    assert editor.pushed(uri) != []
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("mog_lint.session.findings_of", fail)
        editor.type(uri, "\n" + BLOCKING)
        assert failed.wait(20)
    editor.type(uri, "\n\n" + BLOCKING)
    assert [item["range"]["start"]["line"] for item in editor.pushed(uri)] == [6]
    assert "a fault of mog" in caplog.text


def test_handled_notifications_leave_nothing_behind(editor: Editor, project: ScratchProject, server: MogServer) -> None:
    editor.start(project.root)
    uri = editor.open(project.write("a.py", BLOCKING))
    for number in range(50):
        editor.type(uri, f"x = {number}\n")
    editor.pulled(uri)
    editor.stop()
    assert len(server.protocol._request_futures) < 5


@pytest.mark.parametrize(
    "junk", [b"Content-Length: 999999999999\r\n\r\n", b"x" * LONGEST_HEADER, b"Content-Length: " + b"9" * 4_500]
)
def test_what_cannot_be_the_protocol_ends_the_server(editor: Editor, project: ScratchProject, junk: bytes) -> None:
    editor.start(project.root)
    editor.sink.write(junk)
    editor.sink.flush()
    editor.wait_for_end()
