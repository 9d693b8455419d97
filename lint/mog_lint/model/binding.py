"""What imports and assignments bind, and what an attribute holds after one."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from mog_lint.model.expressions import dotted_name, root_name
from mog_lint.model.scope import MAX_SYMBOLS, Scope
from mog_lint.model.summary import Symbols


def bind_target(target: cst.BaseExpression, symbols: Symbols, scope: Scope) -> None:
    """Bind the names of an assignment's target; of an unpacked one nothing is known."""
    if isinstance(target, cst.Name):
        scope.bind(target.value, symbols)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            bind_target(element.value, (), scope)


def bind_import(node: cst.Import, scope: Scope) -> None:
    """Bind what `import …` brings."""
    for alias in node.names:
        module = dotted_name(alias.name)
        if alias.asname is not None:
            bind_target(alias.asname.name, (f"{module}:",), scope)
        else:
            top = module.partition(".")[0]
            scope.bind(top, (f"{top}:",))


def bind_import_from(node: cst.ImportFrom, scope: Scope) -> list[str]:
    """Bind what `from … import …` brings; return the module if that is a star."""
    module = "." * len(node.relative) + dotted_name(node.module)
    if isinstance(node.names, cst.ImportStar):
        return [module]
    for alias in node.names:
        name = dotted_name(alias.name)
        bind_target(alias.name if alias.asname is None else alias.asname.name, (f"{module}:{name}",), scope)
    return []


def bind_self(node: cst.FunctionDef, inner: Scope) -> None:
    """Let the first parameter of a method stand for an instance of its class, if that is of the top level."""
    names = [root_name(decorator.decorator) for decorator in node.decorators]
    positional = (*node.params.posonly_params, *node.params.params)
    qualname = inner.parent.qualname.removesuffix(".") if inner.parent is not None else ""
    if positional and "staticmethod" not in names and "." not in qualname:
        is_class = "classmethod" in names
        inner.bind(positional[0].name.value, (f":{qualname}",) if is_class else (f":{qualname}()",))
        inner.self_name = "" if is_class else positional[0].name.value
        inner.self_class = qualname


def lasting(symbols: Symbols) -> Symbols:
    """Return what an attribute may hold, without constants, such as a None from before, and own definitions."""
    return tuple(symbol for symbol in symbols if symbol.endswith("()") or symbol[:1] not in "=:")


def add_held(attributes: dict[str, Symbols], held: Mapping[str, Symbols]) -> None:
    """Add to what attributes may hold."""
    for name, symbols in held.items():
        attributes[name] = tuple(dict.fromkeys((*attributes.get(name, ()), *symbols)))[:MAX_SYMBOLS]
