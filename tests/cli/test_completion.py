"""What TAB offers, asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from mog_cli.__main__ import main; main()"]


def offered(words: str) -> list[str]:
    """Complete the last word; whatever there is beside names is an error."""
    environment = {"_MOG_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    ended = subprocess.run(PROGRAM, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("mog submit shop.", ["shop.add", "shop.fail", "shop.greet", "shop.join", "shop.nothing", "shop.steps"]),
        ("mog submit shop.g", ["shop.greet"]),
        ("mog submit x", []),
        ("mog submit shop.add --queue ", ["slow", "tasks"]),
        ("mog tasks list --name shop.a", ["shop.add"]),
        ("mog tasks list --queue s", ["slow"]),
        ("mog queues purge t", ["tasks"]),
        ("mog dead list --queue sl", ["slow"]),
        ("mog dead drop --all --queue sl", ["slow"]),
        ("mog run --queues ", ["slow", "tasks"]),
        ("mog run --queues slow,", ["slow,tasks"]),
        ("mog run --exclude-queues slow,ta", ["slow,tasks"]),
        ("mog run --queues none,t", ["none,tasks"]),
        ("mog run --queues slow,tasks,", []),
        ("mog new x --template mi", ["minimal"]),
    ],
)
def test_names(words: str, names: list[str]) -> None:
    assert offered(words) == names


def test_app_that_the_words_name(shop: Path) -> None:
    (shop / "other.py").write_text('from mog import App\napp = App("other")\n@app.task(name="o.k")\ndef k(c): ...\n')
    assert offered("mog submit o") == []
    assert offered("mog submit --app other o") == ["o.k"]
    assert offered("mog run other --queues ") == offered("mog run --app other --queues ") == ["tasks"]


@pytest.mark.parametrize(
    "source",
    [
        "from mog import App\napp = App('shop')\nraise SystemExit('no')",
        "import os\nprint('loud'); os.write(2, b'loud')\nfrom mog import App\napp = App('shop', nothing=1)",
        "from mog import App\nimport threading\napp = App('shop')\nthreading.Event().wait()",
        "from mog import App\napp = App(",
        "",
    ],
    ids=["raises", "prints", "hangs", "does not parse", "no app"],
)
def test_an_app_that_cannot_be_loaded_offers_nothing_and_is_silent(directory: Path, source: str) -> None:
    (directory / "shop.py").write_text(source)
    assert offered("mog submit s") == []


def test_what_a_module_prints_is_not_offered(shop: Path) -> None:
    module = shop / "shop.py"
    module.write_text(f"import os\nprint('loud'); os.write(1, b'loud')\n{module.read_text()}")
    assert offered("mog submit shop.a") == ["shop.add"]
