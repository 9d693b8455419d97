"""The code of docs/testing.md runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/testing.md"
MODULE = re.compile(r"^```python\n# (?P<name>\w+\.py)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def test_page_is_a_project_whose_tests_pass(tmp_path: Path) -> None:
    modules = {found["name"]: found["code"] for found in MODULE.finditer(PAGE.read_text("utf-8"))}
    assert set(modules) == {"shop.py", "conftest.py", "test_shop.py", "test_time.py"}
    for name, code in modules.items():
        (tmp_path / name).write_text(code, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=50)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
