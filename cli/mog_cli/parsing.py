"""typer's commands, made light: since 0.2x typer builds a pydantic validator for each parameter before it looks at it.

Importing pydantic takes longer than `mog new` or `mog lint` need for their own work, and texts need no validator. Where
typer does otherwise, older or newer, nothing here takes effect; tests/cli/test_command.py tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

AS_WRITTEN = (str, list[str])


class LazyCoercion:
    """Stands in for a parameter's validator, and has the real one built when there is something to validate."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value in the type that the verb wants."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if param.type_descriptor.annotation in AS_WRITTEN:
            return value
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def lighten(params: Iterable[Any]) -> None:
    """Postpone the building of validators."""
    for param in params:
        if getattr(param, "_runtime_param", param) is None:
            param._runtime_param = LazyCoercion()


class Verb(TyperCommand):
    """A command such as `mog new`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, without validators for texts."""
        lighten(self.get_params(ctx))
        return super().parse_args(ctx, args)


class Verbs(TyperGroup):
    """A group of commands such as `mog tasks`, or `mog` itself."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, without validators for texts."""
        lighten(self.get_params(ctx))
        return super().parse_args(ctx, args)
