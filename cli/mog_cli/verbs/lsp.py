"""`mog lsp`: the linter for editors."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from mog_cli.errors import CommandError
from mog_cli.options import Verbose, is_verbose


def lsp(context: typer.Context, _verbose: Verbose = False) -> int:
    """Serve an editor over stdin and stdout.

    It speaks the Language Server Protocol: editors start it, people do not. It needs the extra lsp. With -v it tells
    on stderr of each message.
    """
    if find_spec("pygls") is None:
        raise CommandError("the language server needs pygls", hint="install the extra: pip install 'mogkit[lsp]'")
    from importlib.metadata import version

    from mog_lint.server.serving import serve

    return serve(version("mogkit"), verbose=is_verbose(context))
