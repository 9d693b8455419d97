"""What a file is reduced to: all that the rules and the project's link need, and nothing of the file's own path.

Free of its path, a summary depends on the file's content alone, so the content's hash is a sound key for a cache.
Values are told by *symbols*, `module:attributes`:

    mog:task              the attribute `task` of the module `mog`
    mog:App().task        the attribute `task` of what calling `mog.App` gives
    ..app:app.task        of a module named relative to this one
    :resize               a definition of this file itself
    *:task                a name that only a star import can have brought
    ='resize              the text `resize`, and `=None` is None; `quantities` has more
    ^:state               the attribute `state` of what may be a task's context, by its place or its name

Nodes are told by their *site*, an ordinal in the order in which the builder meets them: the same file gives the same
sites each time, and lines are computed for findings alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mog_lint.model.blocks import Block

Symbols = tuple[str, ...]  # what a value may be; more than one after branches, none where nothing is known


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call; `items` are those of a tuple or list that is written out, else None."""

    keyword: str | None
    star: str
    site: int
    symbols: Symbols
    items: tuple[Symbols, ...] | None


@dataclass(frozen=True, slots=True)
class Decoration:
    """A decorator; `arguments` is None where it is not called.

    `is_local` says that it comes from a name of an enclosing function, such as a parameter.
    """

    symbols: Symbols
    site: int
    arguments: tuple[Argument, ...] | None
    is_local: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positional parameter, or `*args` (`is_rest`); `instances` is what its annotation says that it is."""

    name: str
    instances: Symbols
    is_rest: bool


class Use(StrEnum):
    """What becomes of a call's value."""

    STATEMENT = "s"  # nothing
    BOUND = "b"  # it is assigned or returned as it is
    AWAITED = "a"
    AWAITED_ALONE = "A"  # it is awaited, and what that gives is dropped
    ENTERED = "e"  # it is the item of a `with`
    LOOPED = "l"  # it stands in a comprehension
    PART = "p"  # it is part of an expression
    WITH = "w"  # no call: a `with` enters a value
    WITH_AWAIT = "W"  # the same, around an await
    RAISED = "r"  # it is raised, or what is raised is no call
    GIVEN = "g"  # no call of its own: the call at this site is given what may be a task's context, or its state


CONTEXT = "^:"
VALUE = "~"
FLAGS = ("WNOHANG", "NUMERIC")  # that a child has not ended is told at once; a numeric address needs no server


class Verb(StrEnum):
    """What a predicate says of a parameter."""

    IS_TRUE = "t"
    IS_FALSE = "f"
    IS = "="
    IS_NOT = "!"
    STARTS = "s"
    STARTS_NOT = "n"
    FIRST_TIME = "1"  # of none: what is made here is kept in a name of the module or of a class
    ANYTHING = "?"  # of none: something is asked that only a run tells


class Predicate(NamedTuple):
    """A question to a parameter, where the verb has one about a constant."""

    name: str
    verb: Verb
    constant: str = ""


class Condition(NamedTuple):
    """One of these predicates holds for the calls from `first` up to `end`, and so does the condition `parent`.

    `is_usual` says that who gets there does so as a rule: what does not hold would have raised an error.
    """

    first: int
    end: int
    parent: int
    predicates: tuple[Predicate, ...]
    is_usual: bool = False


class Given(NamedTuple):
    """An argument of a call, by place or name (`*` and `**` where it is unpacked), or a parameter and its default.

    The value is a constant's symbol, `@name` for a parameter of the function around that is handed on, or empty.
    """

    name: str
    value: str


class Call(NamedTuple):
    """A call in a function's own body: what is called, and the arguments that are constants, as `timeout=0`.

    An argument that names one of the FLAGS counts as that flag. Of some calls the symbols of an argument are kept too,
    as `0~=60`: the first argument is 60. `given` are all arguments.
    """

    symbols: Symbols
    site: int
    use: Use
    constants: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()

    @property
    def is_awaited(self) -> bool:
        """Whether it is awaited at once."""
        return self.use in (Use.AWAITED, Use.AWAITED_ALONE)

    def argument(self, *names: str) -> Symbols:
        """Return the symbols of the first argument of one of these names or positions, as far as they were kept."""
        kept = (constant.partition(VALUE) for constant in self.constants)
        return tuple(symbol for name, found, symbol in kept if found and name in names)

    @property
    def arguments(self) -> Symbols:
        """The symbols of all arguments, as far as they were kept."""
        return tuple(symbol for constant in self.constants if (symbol := constant.partition(VALUE)[2]))


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method, at any depth, with its decorators in source order.

    `returns` is what calling it gives, by its annotation, else by its `return` statements.
    `first` is the first positional parameter, or `*args`. `branches` are the alternatives of `if`, `try` and `match`
    that it stands in, as `number/alternative`; two functions in different alternatives never exist both. `calls` are
    those of its own body, without those of functions in it; `blocks` tell how they are laid out, `conditions` when they
    are made. `parameters` are those that a caller gives a value; `rebound` are those of them that get another one in
    the body, each with the condition under which it does, or -1.
    """

    qualname: str
    site: int
    decorations: tuple[Decoration, ...]
    returns: Symbols
    first: Parameter | None
    is_method: bool
    branches: tuple[str, ...]
    is_async: bool = False
    is_generator: bool = False
    calls: tuple[Call, ...] = ()
    blocks: tuple[Block, ...] = ()
    parameters: tuple[Given, ...] = ()
    conditions: tuple[Condition, ...] = ()
    rebound: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the module's top level, for what its instances can do and hold.

    `attributes` tells what `self.name` may be, by assignments in the methods, and by those and the annotations in the
    class itself.
    """

    qualname: str
    bases: tuple[Symbols, ...]
    members: frozenset[str]
    attributes: Mapping[str, Symbols] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SilencedRule:
    """A rule as a suppression names it, from `start` to `end`; `cut` is what to delete, with one separator."""

    rule: str
    start: int
    end: int
    cut: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that silences rules on its line.

    `start` to `end` is what was written for it; `rules` is empty where it silences all. `cut` is what to delete when
    none of it is needed any more, None where the comment names rules of other tools too.
    """

    row: int
    start: int
    end: int
    rules: tuple[SilencedRule, ...]
    cut: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One file. `exports` tells what the names of the module's top level may be once it has been imported."""

    functions: tuple[Function, ...] = ()
    classes: Mapping[str, Class] = field(default_factory=dict)
    exports: Mapping[str, Symbols] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    is_script: bool = False
    suppressions: tuple[Suppression, ...] = ()


MAX_SYMBOL_LENGTH = 200  # past that a chain of calls leads nowhere that anyone knows, and a text is no name
NONE = "=None"
_TEXT = "='"


def attribute(symbols: Symbols, name: str) -> Symbols:
    """Return the symbols of an attribute of a value; of a constant's nothing is known."""
    extended = (f"{symbol}{name}" if symbol.endswith(":") else f"{symbol}.{name}" for symbol in _variable(symbols))
    return tuple(symbol for symbol in extended if len(symbol) <= MAX_SYMBOL_LENGTH)


def called(symbols: Symbols) -> Symbols:
    """Return the symbols of what calling a value gives; a module cannot be called."""
    return tuple(f"{symbol}()" for symbol in _variable(symbols) if not symbol.endswith(":"))


def text_symbol(text: str) -> str:
    """Return the symbol of a text."""
    return f"{_TEXT}{text}"


def text_of(symbol: str) -> str | None:
    """Return the text that a symbol is, or None if it is something else."""
    return symbol.removeprefix(_TEXT) if symbol.startswith(_TEXT) else None


def is_context(symbol: str) -> bool:
    """Say whether a symbol may be a task's context, or the state that it holds."""
    return symbol.removesuffix(".state").endswith("Context()") or symbol in (CONTEXT, f"{CONTEXT}state")


def is_quantity(symbol: str) -> bool:
    """Say whether a symbol is a number, a length of time or a collection of known length: see `quantities`."""
    return symbol[:1] == "=" and symbol[1:2] not in ("'", "N")


def _variable(symbols: Symbols) -> Symbols:
    return tuple(symbol for symbol in symbols if not symbol.startswith("="))
