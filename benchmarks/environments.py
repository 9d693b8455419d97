"""A virtual environment for each system, made by uv on demand under ``.cache/bench``."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
PROJECT = "project"
"""The environment that systems run in which name no packages."""


def systems() -> list[str]:
    """Return the names of all systems."""
    return sorted(path.stem for path in (HERE / "systems").glob("[a-z]*.py"))


def environment_of(system: str) -> Path:
    """Return the environment of a system; made, or made anew, where it does not fit what the system's file names."""
    file = HERE / "systems" / f"{system}.py"
    if re.search(r"^# /// script$", file.read_text("utf-8"), re.MULTILINE):
        return environment_for(file)
    return project_environment()


def environment_for(file: Path) -> Path:
    """Return the environment of a file, with what its head names; made anew where the file has changed."""
    return _environment(file.stem, ["--requirements", str(file)], file.read_bytes())


def project_environment() -> Path:
    """Return the environment that holds the project, without its tools."""
    pins = ROOT / "constraints.txt"
    content = (ROOT / "pyproject.toml").read_bytes() + pins.read_bytes()
    return _environment(PROJECT, ["--constraints", str(pins), "--editable", str(ROOT)], content)


def pins_of(system: str) -> list[str]:
    """Return what a system's file names, as "package version"; nothing for one that needs the project alone."""
    head = (HERE / "systems" / f"{system}.py").read_text("utf-8").partition("# ///\n")[0]
    return [" ".join(pin) for pin in re.findall(r'"([a-z-]+)(?:\[.*?\])?==([^"]+)"', head)]


def sources_of(*pins: str) -> Path:
    """Return a directory with the pinned packages in it, and without what they need."""
    path = CACHE / "packages" / "+".join(pins)
    if not path.is_dir():
        begun = path.with_suffix(".begun")
        _run("pip", "install", "--quiet", "--no-deps", "--target", str(begun), "--python", sys.executable, *pins)
        begun.rename(path)
    return path


def packages_of(environment: Path) -> dict[str, str]:
    """Return the names and versions of what is installed there."""
    command = [_uv(), "pip", "list", "--format", "freeze", "--python", str(environment)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return dict(line.split("==") for line in listed.splitlines() if "==" in line)


def variables() -> dict[str, str]:
    """Return this process's variables, less those that change what Python costs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _environment(name: str, install: list[str], content: bytes) -> Path:
    path = CACHE / "environments" / name
    stamp = path / "made-for"
    wanted = hashlib.sha256(b"\0".join([content, *map(str.encode, install), sys.version.encode()])).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print(f"making the environment of {name}", file=sys.stderr, flush=True)
        _run("venv", "--quiet", "--clear", "--python", sys.executable, str(path))
        _run("pip", "install", "--quiet", "--compile-bytecode", "--python", str(path), *install)
        stamp.write_text(wanted)
    return path


def _run(*arguments: str) -> None:
    allowed = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}  # a Python that the machine lacks is not ours to fetch
    if subprocess.call([_uv(), *arguments], cwd=ROOT, env=allowed):
        sys.exit(f"benchmarks: `uv {' '.join(arguments)}` failed: see above")


def _uv() -> str:
    private = ROOT / ".cache" / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(private) if private.is_file() else None)
    if found is None:
        sys.exit("benchmarks: uv is missing; start them by ./dev bench, which installs it")
    return found
