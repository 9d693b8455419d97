"""typer's commands, made light: since 0.2x typer builds a pydantic validator for each parameter before it looks at it.

Importing pydantic takes longer than `mog new` or `mog lint` need for their own work, and texts need no validator. Where
typer does otherwise, older or newer, nothing here takes effect; tests/cli/test_command.py tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

from mog_cli.errors import CommandError

NEGATIVE_NUMBER = re.compile(r"-\.?\d")

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


class VerbWithValues(Verb):
    """A command whose arguments may be negative numbers, which are no options: `mog submit add -1 2`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does; where a negative number stands among the words, only numbers may be unknown options."""
        words = args[: args.index("--")] if "--" in args else args
        if any(map(NEGATIVE_NUMBER.match, words)):
            known = {option for param in self.get_params(ctx) for option in param.opts}
            for word in words:
                if is_option(word) and option_name(word) not in known:
                    raise CommandError(f"no such option: {word}", hint=f"see {ctx.command_path} --help")
            ctx.ignore_unknown_options = True
        return super().parse_args(ctx, args)


def is_option(word: str) -> bool:
    """Tell whether a word is written as an option; a lone dash and a negative number are none."""
    return word.startswith("-") and len(word) > 1 and not NEGATIVE_NUMBER.match(word)


def option_name(word: str) -> str:
    """Return the first option that a word names: of ``--a=1`` it is ``--a``, of ``-wv`` it is ``-w``."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


class Verbs(TyperGroup):
    """A group of commands such as `mog tasks`, or `mog` itself."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, without validators for texts."""
        lighten(self.get_params(ctx))
        return super().parse_args(ctx, args)
