"""Reports to findings: what has to be found out for them, and how they look once it has been."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mog_lint.cache import Cache
from mog_lint.contents import Content, Contents
from mog_lint.findings import Edit, Excerpt, Finding, Fix, Location, Related
from mog_lint.model.project import Module
from mog_lint.model.source import Problem, Source, read_source
from mog_lint.noting import Found, Wanted, fix_note
from mog_lint.pool import Workers
from mog_lint.rule import FixPlan, RelatedSite, Report, Rule, TextEdit

EXCERPT_ROWS = 6

Reports = list[tuple[Rule, Report]]


@dataclass
class Presenter:
    """Makes findings of reports; what it has to find out of files for that is kept in the cache."""

    contents: Contents
    cache: Cache
    workers: Workers
    _sources: dict[str, Source] = field(default_factory=dict)

    def prepare(self, reports: Iterable[tuple[Module, Reports]]) -> None:
        """Find out what these reports need, in one go."""
        wanted: dict[Content, Wanted] = defaultdict(Wanted)
        for module, found in reports:
            for _, report in found:
                self._note(module, report, wanted)
        self.cache.find(wanted, self.workers)

    def _note(self, module: Module, report: Report, wanted: dict[Content, Wanted]) -> None:
        if isinstance(report.place, int):
            wanted[self._content(module)].add(report.place, report.fix)
        for step in report.chain:
            wanted[self._content(step.module)].add(step.site)

    def is_too_deep(self, module: Module) -> bool:
        """Say whether nothing can be found out of a file."""
        return self._found(module).is_too_deep

    def findings(self, module: Module, reports: Reports) -> Iterator[Finding]:
        """Yield the findings of a module for reports that have been prepared, in their order."""
        for rule, report in reports:
            source = self._source(module)
            start, end = self._span(module, report.place)
            location, end_location = source.location(start), source.location(end)
            yield Finding(
                rule.code,
                rule.name,
                report.message,
                str(module.path),
                location,
                end_location,
                report.severity or rule.severity,
                fix=None if report.fix is None else self._fix(module, report.place, report.fix),
                chain=tuple(self._related(step) for step in report.chain if not self.is_too_deep(step.module)),
                excerpt=_excerpt(source, location, end_location),
            )

    def _span(self, module: Module, place: int | tuple[int, int]) -> tuple[int, int]:
        return place if isinstance(place, tuple) else self._found(module).spans[place]

    def _related(self, step: RelatedSite) -> Related:
        source = self._source(step.module)
        start, end = self._span(step.module, step.site)
        return Related(step.message, str(step.module.path), source.location(start), source.location(end))

    def _fix(self, module: Module, place: int | tuple[int, int], plan: FixPlan) -> Fix | None:
        edits = self._edits(module, place, plan)
        source = self._source(module)
        located = (
            Edit(edit.start, edit.end, edit.content, source.location(edit.start), source.location(edit.end))
            for edit in edits
        )
        return Fix(plan.message, plan.applicability, tuple(located), source.digest) if edits else None

    def _edits(self, module: Module, place: int | tuple[int, int], plan: FixPlan) -> tuple[TextEdit, ...]:
        if not callable(plan.edits):
            return plan.edits
        assert isinstance(place, int), "a fix of a span is written as edits of the text"
        return self._found(module).edits[fix_note(plan, place)]

    def _found(self, module: Module) -> Found:
        return self.cache.found(self._content(module))

    def _source(self, module: Module) -> Source:
        content = self._content(module)
        if content.key not in self._sources:
            source = read_source(content.data)
            assert isinstance(source, Source), "what has a summary has been read"
            self._sources[content.key] = source
        return self._sources[content.key]

    def _content(self, module: Module) -> Content:
        content = self.contents.get(module.path)
        assert not isinstance(content, Problem), "what has a module has been read"
        return content


def _excerpt(source: Source, start: Location, end: Location) -> Excerpt:
    first = max(start.row - 1, 1)
    last = min(end.row + 1, first + EXCERPT_ROWS - 1, source.rows)
    return Excerpt(first, tuple(source.line(row) for row in range(first, last + 1)))
