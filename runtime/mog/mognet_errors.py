"""Exceptions between mog and Mognet 2.0: written so that a Mognet process raises them, and read from what it wrote.

Mognet keeps an exception as a pickle, beside its name, its text and its traceback. A pickle is written here for it, and
none is ever read: to unpickle is to run what the store says. So of an exception of Mognet's the class comes back where
it is known here, with the text as its only argument; of mog's own, the arguments are found in the text.

Names and arguments of classes are those of mognet 2.0.0 (``mognet/exceptions``, ``mognet/tasks/task_registry.py``).
"""

from __future__ import annotations

import ast
import base64
import pickle
import re
import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from mog import errors
from mog.errors import InvalidErrorInfo, InvalidTaskArguments, MogError
from mog.known_types import name_of

PICKLE = "application/python-pickle"
"""How Mognet calls the encoding of ``raw_data``."""

PROTOCOL = 4
"""The newest that every Python reads on which Mognet 2.0 runs, from 3.8 on; what its own ``pickle.dumps`` writes."""


class Counterpart(NamedTuple):
    """Mognet's class for an error of mog's; ``args`` returns what it is made of, ``read`` finds ours in its text."""

    module: str
    name: str
    args: Callable[[Any], tuple[Any, ...]]
    read: Callable[[str], tuple[Any, ...]]

    @property
    def full_name(self) -> str:
        """The name under which Mognet stores the class."""
        return f"{self.module}:{self.name}"


class Call(NamedTuple):
    """What is called when a pickle is loaded: something of a module that need not be there where it is written."""

    module: str
    name: str
    args: tuple[Any, ...]


class Told(NamedTuple):
    """What is known here of an exception of Mognet's."""

    type_name: str
    args: tuple[Any, ...]
    attributes: Mapping[str, Any]


def to_mognet(error: BaseException, room: int) -> dict[str, Any]:
    """Return the parts of Mognet's form that are Mognet's alone: the class's name, and the pickle as base64.

    There is no pickle, so that Mognet raises ``Exception(message)``, of what cannot be pickled, names modules of mog's,
    or takes more than ``room`` bytes. Never raises.
    """
    other = _counterpart(type(error))
    content = _pickle_own(other, error) if other is not None else _pickle(error)
    fits = content is not None and len(content) <= room
    return {
        "name": name_of(type(error)) if other is None else other.full_name,
        "raw_data": base64.b64encode(content).decode() if content is not None and fits else None,
        "raw_data_encoding": PICKLE if fits else None,
    }


def from_mognet(name: str, message: str) -> Told:
    """Return what the name of a class of Mognet's and an exception's text tell of it here.

    Raises ValueError, TypeError, LookupError or SyntaxError for an error of mog's own whose text Mognet did not write.
    """
    cls = OWN.get(name)
    if cls is not None:
        error = cls(*COUNTERPARTS[cls].read(message))
        return Told(name_of(cls), error.args, vars(error))
    name = OTHER_NAMES.get(name, name)
    return Told(name, _key(message) if name == "builtins:KeyError" else (message,), {})


def _counterpart(cls: type[BaseException]) -> Counterpart | None:
    """Return Mognet's class that is nearest to one of mog's."""
    if not _is_ours(cls):
        return None
    return next((COUNTERPARTS[base] for base in cls.__mro__ if base in COUNTERPARTS), None)


def _is_ours(cls: type) -> bool:
    return str(cls.__module__).partition(".")[0] == "mog"


def _key(text: str) -> tuple[Any, ...]:
    """Read the text of a KeyError, which is its argument's ``repr()``."""
    try:
        return (ast.literal_eval(text),)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return (text,)


# -- the arguments of mog's own errors


def _message(error: BaseException) -> tuple[Any, ...]:
    return (str(error),)


def _of_invalid_arguments(error: InvalidTaskArguments) -> tuple[Any, ...]:
    """Let Mognet's model read plain data: how pydantic pickles a model is its own affair."""
    make, module = "InvalidErrorInfo.model_validate", "mognet.exceptions.task_exceptions"
    infos = ({"loc": info.loc, "msg": info.msg, "type": info.type} for info in error.errors)
    return ([Call(module, make, (info,)) for info in infos],)


def _read_invalid_arguments(text: str) -> tuple[Any, ...]:
    """Read what ``str()`` makes of a list of models: ``[InvalidErrorInfo(loc=(1,), msg='…', type='…')]``."""
    listed = ast.parse(text, mode="eval").body
    if not isinstance(listed, ast.List):
        raise ValueError("it is no list of errors")
    return ([_read_info(node) for node in listed.elts],)


def _read_info(node: ast.expr) -> InvalidErrorInfo:
    if not isinstance(node, ast.Call):
        raise ValueError("it is no list of errors")
    fields = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
    return InvalidErrorInfo(tuple(fields["loc"]), str(fields["msg"]), str(fields["type"]))


def _one_id(text: str) -> tuple[Any, ...]:
    return (UUID(_groups(r".*id=UUID\('([0-9a-f-]+)'\) lost", text)[0]),)


def _read_retries(text: str) -> tuple[Any, ...]:
    pattern = r"Task id=UUID\('([0-9a-f-]+)'\) has been retried (\d+) times, .* the limit of (\d+)"
    id_, actual, limit = _groups(pattern, text)
    return UUID(id_), int(actual), int(limit)


def _read_unknown_task(text: str) -> tuple[Any, ...]:
    return (str(ast.literal_eval(_groups(r"Unknown task: (.+); did you forget .*", text)[0])),)


def _groups(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        raise ValueError("its text is not as Mognet 2.0 writes it")
    return found.groups()


def _as_it_is(text: str) -> tuple[Any, ...]:
    return (text,)


_BASE, _RESULTS = "mognet.exceptions.base_exceptions", "mognet.exceptions.result_exceptions"

COUNTERPARTS: Mapping[type[BaseException], Counterpart] = MappingProxyType(
    {
        errors.UnknownTask: Counterpart(
            "mognet.tasks.task_registry", "UnknownTask", lambda error: (error.task_name,), _read_unknown_task
        ),
        InvalidTaskArguments: Counterpart(
            "mognet.exceptions.task_exceptions",
            "InvalidTaskArguments",
            _of_invalid_arguments,
            _read_invalid_arguments,
        ),
        errors.TooManyRetries: Counterpart(
            "mognet.exceptions.too_many_retries",
            "TooManyRetries",
            lambda error: (error.request_id, error.actual_retries, error.max_retries),
            _read_retries,
        ),
        errors.ResultNotReady: Counterpart(_RESULTS, "ResultNotReady", lambda _: (), lambda _: ()),
        errors.ResultLost: Counterpart(_RESULTS, "ResultLost", lambda error: (error.result_id,), _one_id),
        errors.ResultValueLost: Counterpart(_RESULTS, "ResultValueLost", lambda error: (error.result_id,), _one_id),
        errors.CouldNotSubmit: Counterpart(_BASE, "CouldNotSubmit", _message, _as_it_is),
        errors.NotConnected: Counterpart(_BASE, "NotConnected", _message, _as_it_is),
        errors.ResultError: Counterpart(_RESULTS, "ResultError", _message, _as_it_is),
        MogError: Counterpart(_BASE, "MognetError", _message, _as_it_is),
    }
)
"""By class of mog's; the others are told as the nearest of their bases. Those that hold a Result are ResultError there:
Mognet's own cannot be pickled."""

OWN: Mapping[str, type[BaseException]] = MappingProxyType({one.full_name: cls for cls, one in COUNTERPARTS.items()})

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {f"{module}:TimeoutError": "builtins:TimeoutError" for module in ("asyncio.exceptions", "concurrent.futures._base")}
)
"""Before Python 3.11 these were classes of their own."""


# -- pickles


class _Pickler(pickle.Pickler):
    """Refuses what a process without mog could not load."""

    def reducer_override(self, obj: Any) -> Any:
        if _is_ours(obj if isinstance(obj, type) else type(obj)):
            raise pickle.PicklingError("it names a module of mog's")
        return NotImplemented


def _pickle(value: object) -> bytes | None:
    content = BytesIO()
    try:
        _Pickler(content, PROTOCOL).dump(value)
    except Exception:  # noqa: BLE001 - users' own __reduce__ and __getstate__ may raise anything
        return None
    return content.getvalue()


def _pickle_own(other: Counterpart, error: BaseException) -> bytes | None:
    try:
        call = Call(other.module, other.name, other.args(error))
    except Exception:  # noqa: BLE001 - a task may raise one with anything in it
        return None
    return pickle.PROTO + bytes([PROTOCOL]) + _push(call) + pickle.STOP


def _push(value: Any) -> bytes:
    """Return the operations that leave a value on the stack: assembled by hand, as pickle itself would import names.

    See ``pickletools`` in the standard library for what each does.
    """
    if isinstance(value, Call):
        named = _push(value.module) + _push(value.name) + pickle.STACK_GLOBAL
        return named + _push(value.args) + pickle.REDUCE
    if isinstance(value, UUID):
        return _push(Call("uuid", "UUID", (str(value),)))
    if isinstance(value, tuple | list):
        return pickle.MARK + b"".join(map(_push, value)) + (pickle.TUPLE if isinstance(value, tuple) else pickle.LIST)
    if isinstance(value, dict):
        return pickle.MARK + b"".join(_push(key) + _push(one) for key, one in value.items()) + pickle.DICT
    if isinstance(value, int):
        return pickle.INT + b"%d\n" % value
    text = str(value).encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + struct.pack("<I", len(text)) + text
