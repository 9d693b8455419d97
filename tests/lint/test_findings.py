"""Findings and the exit code."""

from itertools import pairwise

import pytest

from mog_lint.findings import Finding, Location, Severity, exit_code


def finding(severity: Severity, filename: str = "a.py", row: int = 1, code: str = "MOG999") -> Finding:
    return Finding(code, "name", "message", filename, Location(row, 1), Location(row, 2), severity)


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        (Severity.ERROR, Severity.WARNING, 1),
        (Severity.WARNING, Severity.WARNING, 1),
        (Severity.INFO, Severity.WARNING, 0),
        (Severity.INFO, Severity.INFO, 1),
        (Severity.WARNING, Severity.ERROR, 0),
    ],
)
def test_exit_code(severity: Severity, fail_on: Severity, code: int) -> None:
    assert exit_code([finding(severity)], fail_on) == code


def test_nothing_found_is_success() -> None:
    assert exit_code([]) == 0


def test_order_is_by_file_then_place_then_code() -> None:
    ordered = [
        finding(Severity.ERROR, "a.py", 2, "MOG202"),
        finding(Severity.ERROR, "a.py", 10, "MOG101"),
        finding(Severity.ERROR, "a.py", 10, "MOG102"),
        finding(Severity.ERROR, "b.py", 1, "MOG101"),
    ]
    assert all(one.sort_key < other.sort_key for one, other in pairwise(ordered))
