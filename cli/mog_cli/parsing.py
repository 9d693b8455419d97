"""typer's commands, made light.

- A verb's module is imported when the verb is called, not for the list of them all.
- Recent releases of typer build a pydantic validator for each parameter before they look at it. Importing pydantic
  takes longer than `mog new` or `mog lint` need for their own work, and texts need no validator. Where typer does
  otherwise, older or newer, nothing of that takes effect; tests/cli/test_command.py tells.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
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
    """A command such as `mog new`. Its arguments may be negative numbers, which are no options: `submit add -1 2`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, without validators for texts; beside a negative number nothing else may be unknown."""
        lighten(self.get_params(ctx))
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
    """A group of commands such as `mog tasks`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, without validators for texts."""
        lighten(self.get_params(ctx))
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class Announced:
    """A verb that is not imported yet: ``module:name`` of its function or group, and its line of help."""

    place: str
    help: str

    def load(self, name: str) -> Any:
        """Import the verb and return its command."""
        module, _, attribute = self.place.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
            found.command(name, cls=Verb)(function)
        return typer.main.get_command(found)


class AnnouncedVerbs(Verbs):
    """The verbs of `mog` itself: known by name and line, imported when called, so that many of them cost nothing."""

    announced: ClassVar[Mapping[str, Announced]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, verb in self.announced.items():
            self.add_command(TyperCommand(name, help=verb.help, rich_markup_mode=None))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the verb that the words name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.announced[name].load(name) if name is not None else command, rest
