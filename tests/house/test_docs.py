"""What the documents say is so: links lead somewhere, commands exist, no file tells of the machine it came from."""

import re
import subprocess
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from mog_cli.command import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("examples/*/*.md")]
)
LINK = re.compile(r"\[[^]]*]\((?P<target>[^)\s#]+)[^)]*\)")
CODE = re.compile(r"^```.*?^```|^ {4}[^\n]*|`[^`\n]+`", re.MULTILINE | re.DOTALL)
DEV_VERB = re.compile(r"\./dev ([a-z]+)")
MOG_VERB = re.compile(r"(?:^|`|\$ )\s*mog ([a-z]+)", re.MULTILINE)

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def code_of(document: Path) -> str:
    return "\n".join(CODE.findall(document.read_text("utf-8")))


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@every_document
def test_links_lead_to_a_file(document: Path) -> None:
    for link in LINK.finditer(document.read_text("utf-8")):
        target = link["target"]
        assert "://" in target or (document.parent / target).exists(), f"{target} is not there"


@every_document
def test_dev_verbs_exist(document: Path) -> None:
    shown = subprocess.run([ROOT / "dev", "help"], check=True, capture_output=True, text=True).stdout
    verbs = {line.split()[0] for line in shown.splitlines() if line.startswith("  ")} | {"help"}
    assert set(DEV_VERB.findall(code_of(document))) <= verbs


@every_document
def test_mog_verbs_exist(document: Path) -> None:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    assert set(MOG_VERB.findall(code_of(document))) <= set(command.commands)


def test_commands_are_found_in_text_and_blocks() -> None:
    text = "Run `mog new x` or\n\n    mog run   # a worker\n\n```console\n$ mog lint src\n```\n\nmog is fast"
    assert MOG_VERB.findall("\n".join(CODE.findall(text))) == ["new", "run", "lint"]


def test_no_file_holds_a_path_of_the_machine() -> None:
    own = [f"{path}/".encode() for path in (ROOT, Path.home()) if len(path.parts) > 1]
    for file in tracked_files():
        data = file.read_bytes()
        assert not [path for path in own if path in data], f"{file.relative_to(ROOT)} names a path of this machine"
