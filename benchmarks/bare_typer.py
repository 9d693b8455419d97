"""The least that a command on typer can be: one verb, plain help."""

from __future__ import annotations

import typer

app = typer.Typer(rich_markup_mode=None)


@app.command()
def run(name: str, count: int = 1) -> None:
    """Do something."""
    print(name * count)


app()
