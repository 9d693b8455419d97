"""What is known of contents that have been seen before, so that a file is parsed once.

A content is known by its hash; the file's place does not matter, because a summary is free of it. The cache is one file
below the project, in `.mog/lint/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from mog_lint import entries
from mog_lint.contents import Content
from mog_lint.fingerprint import fingerprint
from mog_lint.model.source import Problem
from mog_lint.model.stack import with_large_stack
from mog_lint.model.summary import Summary
from mog_lint.noting import Found, Wanted
from mog_lint.pool import Workers
from mog_lint.store import Store

OnProgress = Callable[[int, int], None]  # told how many contents of how many have been analysed
KEPT_AT_LEAST = 20_000  # entries, of which a content has one or two


class Cache:
    """The entries of contents by their keys, and what they have been read to mean."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()
        self._analysed: dict[str, Summary | Problem] = {}
        self._unwritten: dict[str, Summary | Problem] = {}  # those of them that have no entry yet
        self._found: dict[str, Found] = {}

    @classmethod
    def of_project(cls, root: Path) -> Cache:
        """Open the cache of the project at `root`."""
        return cls(Store(root / ".mog" / "lint" / "cache", fingerprint(), KEPT_AT_LEAST))

    def learn(self, contents: Iterable[Content], workers: Workers, on_progress: OnProgress | None = None) -> int:
        """Analyse those contents that are not known, and return how many that are; `on_progress` may raise to stop."""
        unknown = list({content.key: content for content in contents if self._known(content) is None}.values())
        learn = self._learn_one if len(unknown) == 1 else self._learn_many
        for done, _ in enumerate(learn(unknown, workers), 1):
            if on_progress is not None:
                on_progress(done, len(unknown))
        return len(unknown)

    def _learn_one(self, contents: Sequence[Content], _: Workers) -> Iterator[Content]:
        """Analyse a content that may be typed over before anybody wants its entry; its tree stays at hand."""
        (content,) = contents
        outcome = with_large_stack(lambda: entries.summarise(content.data))
        self._analysed[content.key] = self._unwritten[content.key] = outcome
        yield content

    def _learn_many(self, contents: Sequence[Content], workers: Workers) -> Iterator[Content]:
        with closing(workers.map(entries.make_summary, [content.data for content in contents], len)) as made:
            for content, (entry, found) in zip(contents, made, strict=True):
                self.store.put(content.key, entry)
                if found is not None:
                    self._add(content, found)
                yield content

    def analysed(self, content: Content) -> Summary | Problem:
        """Return the summary of a content that has been learnt, or why there is none."""
        known = self._known(content)
        assert known is not None, "what has been learnt is known"
        return known

    def _known(self, content: Content) -> Summary | Problem | None:
        if content.key not in self._analysed:
            known = entries.read_summary(self.store.get(content.key))
            if known is None:
                return None
            self._analysed[content.key] = known
        return self._analysed[content.key]

    def check(self, contents: Iterable[Content], workers: Workers) -> None:
        """Look for mistakes in those contents that are not known, and of which no summary is needed."""
        unknown = list({content.key: content for content in contents if not self._is_checked(content)}.values())
        made = workers.map(entries.make_check, [content.data for content in unknown], len)
        for content, entry in zip(unknown, made, strict=True):
            self.store.put(content.key, entry)

    def _is_checked(self, content: Content) -> bool:
        return self.store.get(content.key) == [entries.VALID] or self._known(content) is not None

    def problem(self, content: Content) -> Problem | None:
        """Return what is wrong with a content that has been learnt or checked."""
        known = self._known(content)
        return known if isinstance(known, Problem) else None

    def find(self, wanted: Mapping[Content, Wanted], workers: Workers) -> None:
        """Find out what is wanted of contents that have summaries, as far as it is not known."""
        missing = {content: wants.beyond(self.found(content)) for content, wants in wanted.items()}
        requests = [(content.data, lacks) for content, lacks in missing.items() if lacks]
        made = workers.map(entries.make_found, requests, lambda request: len(request[0]))
        for content, found in zip([content for content, lacks in missing.items() if lacks], made, strict=True):
            self._add(content, found)

    def _add(self, content: Content, found: Found) -> None:
        merged = self._found[content.key] = self.found(content).with_more(found)
        self.store.put(_place_key(content), entries.found_entry(merged))

    def found(self, content: Content) -> Found:
        """Return what has been found out of a content so far."""
        if content.key not in self._found:
            self._found[content.key] = entries.read_found(self.store.get(_place_key(content))) or Found({}, {})
        return self._found[content.key]

    def forget(self, content: Content) -> None:
        """Forget a content, so that one that is typed over again and again is not kept in all its versions."""
        self.store.drop(content.key)
        self.store.drop(_place_key(content))
        self._analysed.pop(content.key, None)
        self._unwritten.pop(content.key, None)
        self._found.pop(content.key, None)

    def save(self) -> None:
        """Write what has been learnt, if anything."""
        for key, outcome in self._unwritten.items():
            self.store.put(key, entries.summary_entry(outcome))
        self._unwritten.clear()
        self.store.save()


def _place_key(content: Content) -> str:
    return f"{content.key}.places"
