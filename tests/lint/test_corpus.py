"""Real files by the thousand: all rules, no crash.

The standard library, what is installed beside the tests, and the directories that `LINT_CORPUS` names, separated as
those of PATH, such as a directory for each package of docs/lint-tally.md.
"""

import os
import sysconfig
import warnings
from pathlib import Path

import pytest

from mog_lint.config import LintConfig
from mog_lint.engine import lint_paths
from mog_lint.model.parsing import NOT_LINTED
from mog_lint.reporting import SYNTAX_ERROR

NAMED = [Path(name) for name in os.environ.get("LINT_CORPUS", "").split(os.pathsep) if name]
ROOTS = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib")), *NAMED]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_no_file_crashes(root: Path) -> None:
    files = sorted(path for path in root.rglob("*.py") if path.is_file())
    config = LintConfig(root=root, has_project=True, task_decorators=("celery.shared_task",))
    findings = list(lint_paths(files, config, use_cache=False, jobs=os.cpu_count() or 1))
    print(f"\n{len(files)} files, {len(findings)} findings in {root}")
    for finding in findings:
        if finding.code == SYNTAX_ERROR:
            assert NOT_LINTED in finding.message or is_refused(Path(finding.filename)), finding


def is_refused(path: Path) -> bool:
    """Say whether Python itself cannot compile a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(path.read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return True
    return False
