"""`mog lsp`: what there is to it besides the server, which has tests of its own."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from mog_cli.verbs import lsp


def test_without_pygls_it_says_what_to_install(mog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsp, "find_spec", lambda _: None)
    ended = mog("lsp")
    assert (ended.code, ended.out) == (2, "")
    assert "the language server needs pygls" in ended.err
    assert "pip install 'mogkit[lsp]'" in ended.err


def test_an_editor_that_says_nothing_is_gone(mog_program: Callable[..., Any]) -> None:
    ended = mog_program("lsp")
    assert (ended.code, ended.out, ended.err) == (1, "", "")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [("mog_lint.server.serving", ("typer", "rich", "mog")), ("mog_cli.verbs.lint", ("pygls", "lsprotocol"))],
)
def test_the_server_and_the_other_verbs_do_not_load_each_other(module: str, unwanted: tuple[str, ...]) -> None:
    ask = f"import sys, {module}; print([name for name in {unwanted} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout == "[]\n"
