"""An exception on its way from a worker to whoever awaits the task: as data, and raised anew where that is safe."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import from_json

from mog.errors import InvalidErrorInfo, InvalidTaskArguments, MogError, TaskFailed
from mog.jsontext import UnwritableValue, write_json
from mog.known_types import KnownTypes, hold, name_of

if TYPE_CHECKING:
    from mog.result import Result

ERROR_TYPE = "mog:error"
MOGNET_ERROR_TYPE = "mognet.model.result:_ExceptionInfo"


class Room(NamedTuple):
    """How much of an exception is kept: characters of texts, bytes (arguments' JSON, a pickle), members of a group."""

    message: int
    traceback: int
    argument: int
    members: int
    notes: int
    pickle: int


ROOMS = (Room(10_000, 50_000, 10_000, 50, 20, 50_000), Room(1_000, 4_000, 0, 0, 5, 0), Room(100, 0, 0, 0, 0, 0))
"""Each is tried where the one before leaves more than fits into a value."""


class RemoteTraceback(MogError):
    """The worker's traceback, as the ``__cause__`` of an exception that was raised there."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class RemoteError(NamedTuple):
    """What is told of an exception that a task raised. It is data, and safe to look at whatever a store holds.

    ``args`` is None where they could not be written. ``errors`` are the members of an exception group.
    """

    type_name: str
    message: str
    args: tuple[Any, ...] | None = None
    attributes: Mapping[str, Any] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    traceback: str = ""
    errors: tuple[RemoteError, ...] = ()

    @classmethod
    def from_raw(cls, raw: Any, known: KnownTypes) -> RemoteError:
        """Read what ``error_to_json`` or Mognet wrote. Raises ValueError, TypeError, LookupError for anything else."""
        if "args" not in raw:
            return cls._from_mognet(raw)
        args = raw["args"]
        return cls(
            type_name=str(raw["type"]),
            message=str(raw["message"]),
            args=None if args is None else tuple(_release(held, known) for held in args),
            attributes={name: _release(held, known) for name, held in raw["attributes"].items() if _is_plain(name)},
            notes=tuple(map(str, raw["notes"])),
            traceback=str(raw["traceback"]),
            errors=tuple(cls.from_raw(member, known) for member in raw["errors"]),
        )

    @classmethod
    def _from_mognet(cls, raw: Any) -> RemoteError:
        from mog.mognet_errors import from_mognet  # noqa: PLC0415 - takes milliseconds; only Mognet needs it

        name, message, text = str(raw["name"]), str(raw["message"]), str(raw.get("traceback") or "")
        try:
            told = from_mognet(name, message)
        except (ValueError, TypeError, LookupError, SyntaxError, MemoryError, RecursionError):
            return cls(name, message, traceback=text)  # no class of mog's has Mognet's name, hence TaskFailed
        return cls(told.type_name, message, told.args, told.attributes, traceback=text)

    def rebuild(self, result: Result[Any], known: KnownTypes) -> Exception:
        """Make an exception to be raised: of its own class where that is known here, else TaskFailed.

        Constructors other than the builtins' are not called: ``args`` and plain attributes are put back instead.
        """
        error = self._own(result, known)
        if error is None:
            error = TaskFailed(result, self.type_name, self.message, self.traceback)
        for note in self.notes:
            error.add_note(note)
        if not _has_text(error):
            error.add_note(f"(its text, from the worker: {self.message})")
        if self.traceback:
            error.__cause__ = RemoteTraceback(self.traceback)
        return error

    def _own(self, result: Result[Any], known: KnownTypes) -> Exception | None:
        cls = known.error_class(self.type_name)
        if cls is None:
            return None
        try:
            if issubclass(cls, ExceptionGroup):
                members = [error.rebuild(result, known) for error in self.errors]
                return cls.__new__(cls, self.message, members) if members else None
            return self._instance(cls)
        except Exception:  # noqa: BLE001 - a class may want other arguments than those told; then TaskFailed tells them
            return None

    def _instance(self, cls: type[Exception]) -> Exception:
        args = (self.message,) if self.args is None else self.args
        if cls is InvalidTaskArguments:
            return InvalidTaskArguments(TypeAdapter(list[InvalidErrorInfo]).validate_python(args[0]), *args[1:])
        if cls.__module__ == "builtins":
            return cls(*args)  # their constructors make attributes of the arguments, and do nothing else
        error = cls.__new__(cls, *args)
        if not isinstance(error, OSError):  # which has taken its file names out of them
            error.args = args
        vars(error).update(self.attributes)
        return error


def error_to_json(error: BaseException, limit: int, *, mognet: bool = False) -> bytes:
    """Write an exception as the value of a task, in ``limit`` bytes, from which 1,000 are enough. Never raises.

    With ``mognet`` it is Mognet's form, with ours in it: both read it, each for itself.
    """
    content = b""
    for room in ROOMS:
        told = _tell(error, room)
        if mognet:
            from mog.mognet_errors import to_mognet  # noqa: PLC0415 - takes milliseconds; only Mognet needs it

            theirs = to_mognet(error, room.pickle)
            told |= theirs | {"name": _clean(theirs["name"], room.message)}
        content = write_json({"value_type": MOGNET_ERROR_TYPE if mognet else ERROR_TYPE, "raw_value": told})
        if len(content) <= limit:
            break
    return content


def _tell(error: BaseException, room: Room, *, depth: int = 0) -> dict[str, Any]:
    group = error.exceptions if isinstance(error, BaseExceptionGroup) and depth < 10 else ()
    notes = [_clean(note, room.message) for note in list(getattr(error, "__notes__", ()))[: room.notes]]
    if len(group) > room.members and room.notes:
        notes.append(f"({len(group) - room.members} of its {len(group)} exceptions are left out here)")
    return {
        "type": _clean(name_of(type(error)), room.message),
        "message": _clean(_text_of(error), room.message),
        "args": None if isinstance(error, BaseExceptionGroup) else _hold_all(_args_of(error), room.argument),
        "attributes": _hold_plain(vars(error), room.argument),
        "notes": notes,
        "traceback": "" if depth else _clean(_format(error), room.traceback),
        "errors": [_tell(member, room, depth=depth + 1) for member in group[: room.members]],
    }


def _text_of(error: BaseException) -> str:
    try:
        return error.message if isinstance(error, BaseExceptionGroup) else str(error)
    except Exception as broken:  # noqa: BLE001 - a __str__ of the user's may raise anything
        return f"(its text cannot be told: str() raises {type(broken).__name__})"


def _has_text(error: Exception) -> bool:
    try:
        str(error)
    except Exception:  # noqa: BLE001 - a __str__ of the user's may raise anything
        return False
    return True


def _args_of(error: BaseException) -> tuple[Any, ...]:
    args: tuple[Any, ...] = vars(BaseException)["args"].__get__(error)  # a class may have another meaning of `args`
    if isinstance(error, OSError) and error.filename is not None and len(args) == 2:
        return (*args, error.filename, None, error.filename2)  # OSError keeps them to itself
    return args


def _hold_all(values: Iterable[Any], limit: int) -> list[Any] | None:
    try:
        return [_hold(value, limit) for value in values]
    except UnwritableValue:
        return None


def _hold_plain(attributes: Mapping[str, Any], limit: int) -> dict[str, Any]:
    held = {}
    for name, value in attributes.items():
        if _is_plain(name):
            with suppress(UnwritableValue):
                held[name] = _hold(value, limit)
    return held


def _hold(value: Any, limit: int) -> Any:
    text = write_json(hold(value))
    if len(text) > limit:
        raise UnwritableValue(f"more than {limit:,} bytes")
    return from_json(text)


def _release(held: Any, known: KnownTypes) -> Any:
    return known.read(held["value_type"], held["raw_value"])


def _is_plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not name.startswith("__")


def _format(error: BaseException) -> str:
    """Format the traceback from where the user's own frames begin."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "mog":
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))
    except Exception as broken:  # noqa: BLE001 - it calls the users' own __str__, __repr__ and __notes__
        return f"(the traceback cannot be told: {type(broken).__name__})"


def _clean(text: object, limit: int) -> str:
    """Return a text without what UTF-8 cannot hold, its middle cut out where it is longer than ``limit``."""
    whole = str(text).encode("utf-8", "backslashreplace").decode()
    if len(whole) <= limit:
        return whole
    half = limit // 2
    left_out = f"\n[... {len(whole) - 2 * half:,} characters are left out here ...]\n"
    return whole[:half] + left_out + whole[len(whole) - half :] if limit else ""
