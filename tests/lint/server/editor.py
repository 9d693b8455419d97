"""An editor for tests: it speaks the protocol by itself, over any pair of streams, and notes all that it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")
Message = dict[str, Any]
PATIENCE = 30.0
CAPABLE: Message = {
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "hover": {"contentFormat": ["markdown"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
    },
    "workspace": {
        "workspaceEdit": {"documentChanges": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "diagnostics": {"refreshSupport": True},
        "workspaceFolders": True,
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
}
PULLING: Message = {**CAPABLE, "textDocument": {**CAPABLE["textDocument"], "diagnostic": {}}}


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: Message) -> None:
        super().__init__(error["message"])
        self.code = error["code"]


class Editor:
    """One conversation. What the server asks is answered with null at once."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.source, self.sink = source, sink
        self.heard: list[Message] = []
        self.has_ended = False
        self._changed = threading.Condition()
        self._number = 0
        self._versions: dict[str, int] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    # Messages

    def send(self, message: Message) -> None:
        self.send_raw(json.dumps(message).encode())

    def send_raw(self, body: bytes) -> None:
        self.sink.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.sink.flush()

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        """Ask, and return the number under which the answer will come."""
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def answer(self, number: int) -> Any:
        found = self.wait_for(lambda message: "method" not in message and message.get("id") == number)
        if "error" in found:
            raise Refused(found["error"])
        return found["result"]

    def ask(self, method: str, params: Any = None) -> Any:
        return self.answer(self.begin(method, params))

    def wait_for(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the first message of this kind that has not been returned before."""

        def first() -> Message | None:
            return next((message for message in self.heard if wanted(message)), None)

        with self._changed:
            self._changed.wait_for(lambda: first() is not None or self.has_ended, PATIENCE)
            found = first()
            assert found is not None, f"the server never said so; it said {self.heard}"
            self.heard.remove(found)
            return found

    def wait_for_end(self) -> None:
        self._listener.join(PATIENCE)
        assert self.has_ended

    def _listen(self) -> None:
        for message in self._messages():
            if "method" in message and "id" in message:
                with suppress(OSError, ValueError):  # the test has hung up
                    self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            with self._changed:
                self.heard.append(message)
                self._changed.notify_all()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def _messages(self) -> Iterator[Message]:
        size = 0
        while line := self.source.readline():
            if line.startswith(b"Content-Length:"):
                size = int(line.partition(b":")[2])
            elif not line.strip():
                yield json.loads(self.source.read(size))

    # What an editor does

    def start(self, *folders: Path, capabilities: Message = CAPABLE) -> Message:
        """Connect, and return what the server says that it can do."""
        named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        params = {"processId": None, "rootUri": None, "capabilities": capabilities, "workspaceFolders": named or None}
        told: Message = self.ask("initialize", params)["capabilities"]
        self.notify("initialized", {})
        return told

    def stop(self) -> None:
        self.ask("shutdown")
        self.notify("exit")
        self.wait_for_end()

    def open(self, path: Path, text: str | None = None) -> str:
        """Open a file, with a text that may not be saved yet, and return its address."""
        uri = path.as_uri()
        self._versions[uri] = 1
        content = path.read_text("utf-8") if text is None else text
        item = {"uri": uri, "languageId": "python", "version": 1, "text": content}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def type(self, uri: str, text: str) -> None:
        """Make this the text of an open document."""
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def save(self, uri: str) -> None:
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def disk_changed(self, *paths: Path) -> None:
        changes = [{"uri": path.as_uri(), "type": 2} for path in paths]
        self.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def pushed(self, uri: str) -> list[Message]:
        """Wait for the diagnostics that belong to the present text of a document, and return them."""
        version = self._versions.get(uri)

        def wanted(message: Message) -> bool:
            params = message.get("params") or {}
            is_them = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return is_them and params.get("version") == version

        found: list[Message] = self.wait_for(wanted)["params"]["diagnostics"]
        return found

    def pulled(self, uri: str) -> list[Message]:
        found: list[Message] = self.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})["items"]
        return found

    def at(self, method: str, uri: str, text: str, mark: str, **more: Any) -> Any:
        """Ask about the place behind the first `mark` in a text."""
        place = position(text, text.index(mark) + len(mark))
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": place, **more})

    def actions(self, uri: str, row: int, only: list[str] | None = None) -> list[Message]:
        """Return what can be done about what stands in a line, which counts from 0."""
        place = {"start": {"line": row, "character": 0}, "end": {"line": row, "character": 999}}
        context = {"diagnostics": [], "only": only}
        params = {"textDocument": {"uri": uri}, "range": place, "context": context}
        found: list[Message] = self.ask("textDocument/codeAction", params)
        return found


def position(text: str, offset: int) -> Message:
    """Return the place of an offset in a text of ASCII."""
    return {"line": text.count("\n", 0, offset), "character": offset - (text.rfind("\n", 0, offset) + 1)}


def applied(text: str, action: Message) -> str:
    """Return a text of ASCII with the edit of an action."""
    edit = action["edit"]
    edits = edit["documentChanges"][0]["edits"] if "documentChanges" in edit else next(iter(edit["changes"].values()))
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(place: Message) -> int:
        return min(starts[place["line"]] + int(place["character"]), len(text))

    for item in sorted(edits, key=lambda item: offset(item["range"]["start"]), reverse=True):
        text = text[: offset(item["range"]["start"])] + item["newText"] + text[offset(item["range"]["end"]) :]
    return text
