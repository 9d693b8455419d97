from pathlib import Path

import pytest

from mog_cli.app_discovery import find_apps

APP = "from mog import App\napp = App('x')\n"


def write(directory: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize(
    "source",
    [
        "from mog import App\nqueue = App('x')\n",
        "from mog.app import App as A\nqueue: A = A('x')\n",
        "import mog\nqueue = mog.App('x')\n",
        "import mog as m\nqueue = m.App('x')\n",
    ],
)
def test_an_app_in_its_spellings(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"a/b.py": source})
    assert find_apps([tmp_path]) == ["a.b:queue"]


@pytest.mark.parametrize(
    "source",
    [
        "from flask import App  # not mog\napp = App('x')\n",
        "from mog import App\ndef make():\n    app = App('x')\n",
        "from mog import App\napp: App\n",
        "from mog import App\napp = (",
        "from . import mog\napp = mog.App()\n",
        "import mog\napp = [mog.App()]\n",
        "from mog import App\n\0",
    ],
)
def test_what_is_no_app(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"a.py": source})
    assert find_apps([tmp_path]) == []


def test_an_app_of_a_package_itself(tmp_path: Path) -> None:
    write(tmp_path, {"hello/__init__.py": APP})
    assert find_apps([tmp_path]) == ["hello:app"]


def test_a_file_below_two_roots_is_named_from_the_inner_one(tmp_path: Path) -> None:
    write(tmp_path, {"src/hello/app.py": APP, "manage.py": APP})
    assert find_apps([tmp_path, tmp_path / "src"]) == ["hello.app:app", "manage:app"]


def test_looks_into_no_tests_environments_or_hidden_directories(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "tests/a.py": APP,
            ".hidden/a.py": APP,
            "node_modules/a.py": APP,
            "env/pyvenv.cfg": "",
            "env/lib/a.py": APP,
            "not-a-module/a.py": APP,
            "not-a-module.py": APP,
        },
    )
    assert find_apps([tmp_path]) == []


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to(tmp_path / "nowhere.py")
    assert find_apps([tmp_path]) == []
