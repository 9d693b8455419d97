"""A task with the tasks that it has submitted, and theirs, as a tree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mog_cli import output
from mog_cli.errors import one_line
from mog_cli.rendering import result_fields, short_length

if TYPE_CHECKING:
    from rich.tree import Tree

    from mog import Result
    from mog.children import ResultTree


def tree_fields(tree: ResultTree) -> dict[str, Any]:
    """Return a tree for JSON: each task as elsewhere, with ``children``, and ``more`` for how many are left out."""
    return result_fields(tree.result) | {"children": list(map(tree_fields, tree.children)), "more": tree.more}


def print_tree(tree: ResultTree) -> None:
    """Print a tree on stdout: drawn on a terminal, a line per task and two spaces per level elsewhere."""
    if output.is_terminal(sys.stdout):
        from rich.console import Console

        Console().print(draw(tree))
    else:
        print_indented(tree)


def print_indented(tree: ResultTree, level: int = 0) -> None:
    """Print a tree as plain lines."""
    output.data("  " * level + "  ".join(cells(tree.result)))
    for child in tree.children:
        print_indented(child, level + 1)
    if tree.more:
        output.data("  " * (level + 1) + left_out(tree))


def draw(tree: ResultTree, parent: Tree | None = None) -> Tree:
    """Draw a tree, a line per task, cut at the terminal's edge."""
    from rich.text import Text
    from rich.tree import Tree

    state, *others = cells(tree.result)
    colored = (state, output.STATE_COLORS.get(state, ""))
    label = Text.assemble(colored, "  " + "  ".join(others), no_wrap=True, overflow="ellipsis")
    drawn = Tree(label, guide_style="dim") if parent is None else parent.add(label)
    for child in tree.children:
        draw(child, drawn)
    if tree.more:
        drawn.add(Text(left_out(tree), style="dim"))
    return drawn


def cells(result: Result[Any]) -> list[str]:
    """Return what is shown of a task: state, name, duration, id, arguments; what is not known is left out."""
    known = (str(result.state), result.name or "?", short_length(result.duration), str(result.id))
    return [cell for cell in (*known, one_line(result.request_kwargs_repr or "")) if cell]


def left_out(tree: ResultTree) -> str:
    """Tell how many children are not shown, and how to see them."""
    return f"… {tree.more} more (--width)" if tree.children else f"… {tree.more} below (--depth)"
