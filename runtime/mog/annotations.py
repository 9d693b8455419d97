"""The annotations of a task's parameters: resolved, and made into what checks, writes and reads values."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, PydanticUserError, TypeAdapter
from pydantic.fields import FieldInfo

from mog.errors import ConfigError

CONFIG = ConfigDict(arbitrary_types_allowed=True, ser_json_inf_nan="constants")

DATA_URL = "data:;base64,"
"""RFC 2397. How bytes travel that are not UTF-8 text; text travels as it is, as with pydantic and Mognet."""


def make_adapter(task_name: str, function: Callable[..., Any], parameter: inspect.Parameter) -> TypeAdapter[Any]:
    """Make the adapter of one parameter's values. Raises ConfigError where the annotation cannot be used."""
    try:
        annotation = bytes_as_text(resolve(function, parameter))
    except Exception as error:  # an annotation is any expression of the user's
        raise ConfigError(
            f"task {task_name!r}: the annotation of parameter {parameter.name!r}, {text_of(parameter.annotation)}, "
            f"cannot be resolved ({error}); import or define its names at module level, not under TYPE_CHECKING"
        ) from error
    try:
        return _adapt(annotation)
    except Exception as error:  # pydantic raises its own, and what the hooks of the user's types raise
        raise ConfigError(
            f"task {task_name!r}: parameter {parameter.name!r} cannot be checked as {text_of(parameter.annotation)} "
            f"({str(error).splitlines()[0]}); use a type that pydantic knows"
        ) from error


def resolve(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return the parameter's annotation without strings in it, with what a pydantic Field as its default adds."""
    empty = parameter.annotation is parameter.empty
    annotation = Any if empty else _resolve(function, parameter.annotation)
    return Annotated[annotation, parameter.default] if isinstance(parameter.default, FieldInfo) else annotation


def resolve_return(function: Callable[..., Any]) -> Any:
    """Return what the function says it returns, None where it does not say, or cannot be understood."""
    try:
        return _resolve(function, inspect.unwrap(function).__annotations__["return"])
    except Exception:  # noqa: BLE001 - an annotation is any expression of the user's
        return None


def _resolve(function: Callable[..., Any], annotation: Any) -> Any:
    plain = inspect.unwrap(function)
    holder = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(holder, getattr(plain, "__globals__", {}), _local_names(plain), include_extras=True)["it"]


def text_of(annotation: object) -> str:
    """Write an annotation as it stands in the source, as far as can be told, and without what Annotated adds."""
    if isinstance(annotation, str):
        return annotation
    if get_origin(annotation) is Annotated:
        return text_of(get_args(annotation)[0])
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__qualname__
    return repr(annotation).replace("typing.", "")


def bytes_as_text(annotation: Any) -> Any:
    """Let all ``bytes`` within an annotation travel as text, whatever they hold. The inside of models is theirs."""
    if annotation is bytes:
        from pydantic import PlainSerializer  # noqa: PLC0415 - two milliseconds that most programs need not wait

        return Annotated[
            bytes,
            BeforeValidator(text_to_bytes),
            PlainSerializer(bytes_to_text, return_type=str, when_used="json"),
        ]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(bytes_as_text(inner[0]), *inner[1:])]
    changed = tuple(map(bytes_as_text, inner)) if isinstance(origin, type) or origin is Union else inner
    if changed == inner:
        return annotation
    if origin in (Union, UnionType):
        return Union[changed]  # noqa: UP007 - of a tuple
    return origin[changed]


def bytes_to_text(value: bytes) -> str:
    """Write bytes as text: their own where they are UTF-8, else as a data URL."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return DATA_URL + base64.b64encode(value).decode()
    return DATA_URL + base64.b64encode(value).decode() if text.startswith(DATA_URL) else text


def text_to_bytes(value: Any) -> Any:
    """Read what ``bytes_to_text`` wrote. What is no text is returned as it is. Raises ValueError."""
    if not isinstance(value, str):
        return value
    return base64.b64decode(value[len(DATA_URL) :], validate=True) if value.startswith(DATA_URL) else value.encode()


def _adapt(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=CONFIG)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":
            raise
        return TypeAdapter(annotation)  # a model brings a configuration of its own


def _local_names(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return what an annotation may name besides globals: variables the function encloses, its type parameters."""
    names = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    enclosed = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
    return {**enclosed, **names}
