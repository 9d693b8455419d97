from __future__ import annotations

import re
from inspect import getmembers, isclass

from mog import errors
from mog.errors import MogError

BRANCH = re.compile(r"^((?:[│ ]   )*)[├└]── (\w+)", re.MULTILINE)


def test_the_tree_at_the_head_of_the_module_is_that_of_the_classes() -> None:
    path, drawn = [MogError.__name__], {}
    for indent, name in BRANCH.findall(errors.__doc__ or ""):
        path[len(indent) // 4 + 1 :] = [name]
        drawn[name] = path[-2]
    classes = [one for _, one in getmembers(errors, isclass) if issubclass(one, MogError) and one is not MogError]
    assert drawn == {one.__name__: one.__bases__[0].__name__ for one in classes}
