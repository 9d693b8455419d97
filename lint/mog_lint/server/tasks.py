"""The tasks of a project as its user meets them in a text: by name, or by function."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mog_lint.model.source import Span
from mog_lint.model.summary import text_of
from mog_lint.model.tasks import Task
from mog_lint.server.mentions import Definition, Mention, Role, definitions, mentions
from mog_lint.server.project import Project
from mog_lint.server.submitting import makes_request, submits

_STRING = re.compile(r"""(?P<quote>["'])(?P<text>(?:(?!(?P=quote))[^\\\r\n])*)(?P=quote)""")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True, eq=False)
class Known:
    """A task with all that its names are: those that are written out, else the one that its place gives it."""

    task: Task
    names: tuple[str, ...]
    functions: frozenset[str]

    @property
    def path(self) -> Path:
        """The file that declares it."""
        return self.task.module.path

    @property
    def queue(self) -> str | None:
        """The queue that its declaration names, None where it names none, or none that is written out."""
        argument = self.task.argument("queue")
        texts = () if argument is None else (text_of(symbol) for symbol in argument.symbols)
        return next((text for text in texts if text is not None), None)


@dataclass(frozen=True)
class Place:
    """A span of a file."""

    path: Path
    span: Span


@dataclass(frozen=True)
class Use:
    """A place where a task is mentioned, what for, and in which function."""

    place: Place
    declares: bool
    submits: bool
    function: str


@dataclass(frozen=True)
class Pointed:
    """What stands at a place of a text: the span of the name, and the tasks that bear it."""

    span: Span
    tasks: tuple[Known, ...]


@dataclass
class Catalogue:
    """The tasks of a project at one revision."""

    project: Project
    by_name: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    by_function: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, project: Project) -> Catalogue:
        """List the tasks of a project."""
        project.analyse()
        catalogue = cls(project)
        tasks = project.session.tasks
        for module in project.session.project.modules:
            for task in tasks.of(module):
                functions = tuple(f"{name}.{task.function.qualname}" for name in module.name.candidates)
                written = tuple(dict.fromkeys(declaration.name for declaration in tasks.declarations(task)))
                derived = functions if task.is_own_api and task.argument("name") is None else ()
                catalogue._add(Known(task, (*derived, *written), frozenset(functions)))
        return catalogue

    def _add(self, known: Known) -> None:
        for name in known.names:
            self.by_name[name].append(known)
        for function in known.functions:
            self.by_function[function].append(known)

    def at(self, path: Path, text: str, offset: int) -> Pointed | None:
        """Return the tasks whose name, or whose function's, stands at an offset of a file's text."""
        start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
        ends = [end for end in (text.find("\n", offset), text.find("\r", offset)) if end >= 0]
        line, column = text[start : min(ends, default=len(text))], offset - start
        for found in _STRING.finditer(line):
            if found.start() <= column <= found.end() and found["text"] in self.by_name:
                span = Span(start + found.start("text"), start + found.end("text"))
                return Pointed(span, tuple(self.by_name[found["text"]]))
        self.project.analyse([path])
        for found in _NAME.finditer(line):
            if found.start() <= column <= found.end():
                tasks = self.behind(path, found.group())
                return Pointed(Span(start + found.start(), start + found.end()), tasks) if tasks else None
        return None

    def behind(self, path: Path, dotted: str) -> tuple[Known, ...]:
        """Return the tasks whose function a name of a file, which has been analysed, leads to."""
        module = self.project.session.project.at(path)
        if module is None:
            return ()
        names = self.project.session.project.resolve([f":{dotted}"], module)
        found = (known for name in sorted(names) for known in self.by_function.get(name, ()))
        return tuple(dict.fromkeys(found))

    def declaration(self, known: Known) -> tuple[Place, Definition] | None:
        """Return where a task's function is declared, and how it reads."""
        text = self.project.parsed(known.path)
        qualname = known.task.function.qualname
        same = [item for item in known.task.module.summary.functions if item.qualname == qualname]
        found = definitions(text, qualname)
        index = same.index(known.task.function)
        if index >= len(found):
            return None
        span = self.project.now(known.path, found[index].span)
        return None if span is None else (Place(known.path, span), found[index])

    def uses(self, tasks: tuple[Known, ...], check: Callable[[], None]) -> Iterator[Use]:
        """Yield all places that mention tasks by name or by function; `check` is called for each file and may raise."""
        names = {name for known in tasks for name in known.names}
        words = {known.task.function.qualname.rpartition(".")[2] for known in tasks}
        needles = [needle.encode() for needle in names | words]
        read = self.project.session.contents.read
        spelling = [path for path in sorted(self.project.session.files) if _has_any(read(path), needles)]
        self.project.analyse(spelling)
        for path in spelling:
            check()
            yield from self._uses_in(path, tasks, names, words)

    def _uses_in(self, path: Path, tasks: tuple[Known, ...], names: set[str], words: set[str]) -> Iterator[Use]:
        def wanted(content: str, is_text: bool) -> bool:
            if is_text:
                return content in names
            return content.rpartition(".")[2] in words and not set(tasks).isdisjoint(self.behind(path, content))

        text = self.project.parsed(path)
        for mention in sorted(mentions(text, wanted), key=lambda item: item.span.start):
            span = self.project.now(path, _inner(text, mention))
            if span is not None:
                yield Use(
                    Place(path, span), mention.role is Role.DECLARES, self._submits(path, mention), mention.function
                )

    def _submits(self, path: Path, mention: Mention) -> bool:
        project = self.project.session.project
        if mention.role is Role.FIRST:
            return submits(project, path, mention.callee, to_anyone=True)
        return mention.role is Role.NAME and makes_request(project, path, mention.callee)


def _has_any(data: bytes | None, needles: list[bytes]) -> bool:
    return data is not None and any(needle in data for needle in needles)


def _inner(text: str, mention: Mention) -> Span:
    """Leave out the quotes of a text that is written in one piece."""
    span = mention.span
    written = text[span.start : span.end]
    if mention.is_text and written[1:-1] == mention.content:
        return Span(span.start + 1, span.end - 1)
    return span
