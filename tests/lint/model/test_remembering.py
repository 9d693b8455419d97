"""What is worked out of a module is remembered as long as its symbols lead where they do."""

from pathlib import Path

from mog_lint.analysis import Parsed, analyse
from mog_lint.model.layout import ModuleName
from mog_lint.model.project import Module, Project


def module(name: str, text: str) -> Module:
    outcome = analyse(text.encode())
    assert isinstance(outcome, Parsed)
    return Module(Path(f"/{name}.py"), ModuleName((name,)), outcome.summary)


def test_it_is_worked_out_anew_when_a_module_on_the_way_changes() -> None:
    made: list[str] = []
    user = module("user", "from way import job\n")
    project = Project([user, module("way", "from far import job\n"), module("other", "")])

    def make(home: Module) -> frozenset[str]:
        made.append(home.name.candidates[0])
        return project.resolve([":job"], home)

    assert project.remember(user, "job", make) == {"far.job"}
    project.put(module("other", "x = 1\n"))
    assert project.remember(user, "job", make) == {"far.job"}
    assert made == ["user"]
    project.put(module("far", "from end import job\n"))
    assert project.remember(user, "job", make) == {"end.job"}
    project.put(module("way", "def job(): ...\n"))
    assert project.remember(user, "job", make) == {"way.job"}
    assert made == ["user"] * 3
    assert project.remember(user, "another", lambda _: 1) == 1


def test_a_replaced_module_keeps_the_order_of_all() -> None:
    project = Project([module("b", ""), module("a", ""), module("c", "")])
    before = project.revision
    project.put(module("b", "x = 1\n"))
    assert [item.name.candidates[0] for item in project.modules] == ["a", "b", "c"]
    assert project.modules[1].summary.exports
    assert project.revision > before
    project.drop(Path("/a.py"))
    assert [item.name.candidates[0] for item in project.modules] == ["b", "c"]


def test_a_table_follows_what_changes() -> None:
    made: list[str] = []
    project = Project([module("user", "from way import job\n"), module("way", "from far import job\n")])

    def make(home: Module) -> frozenset[str]:
        made.append(home.name.candidates[0])
        return project.resolve([":job"], home)

    def table() -> dict[str, set[str]]:
        return {path.stem: set(names) for path, names in project.table("job", make).items()}

    assert table() == {"user": {"far.job"}, "way": {"far.job"}}
    made.clear()
    project.put(module("way", "def job(): ...\n"))
    assert table() == {"user": {"way.job"}, "way": {"way.job"}}
    project.put(module("alone", "job = 'a text'\n"))
    assert list(table()) == ["alone", "user", "way"]
    assert sorted(made) == ["alone", "user", "way"]
    project.drop(Path("/way.py"))
    assert table() == {"alone": {"='a text"}, "user": {"way.job"}}
    project.put(module("alone", "job = 'another'\n"))
    project.drop(Path("/alone.py"))
    assert table() == {"user": {"way.job"}}
