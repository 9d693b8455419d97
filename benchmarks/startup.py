"""How long commands take from start to end, beside what they cannot do without; and the memory of the import floor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from environments import HERE, variables
from processes import MIB

BARE_IMPORT = "import sqlite3, pydantic"

IMPORT_FLOOR = f"""
import asyncio
{BARE_IMPORT}
class Model(pydantic.BaseModel):
    x: int
"""
"""What the embedded engine cannot do without. A bare ``import pydantic`` loads next to nothing: it is lazy."""

CLIENTS_FLOOR = f"""
{IMPORT_FLOOR}
import aio_pika, redis.asyncio
"""
"""What reaching RabbitMQ and Redis costs by the clients that people use; mog has its own, on pamqp and hiredis."""

REPEATS = 5
"""Times a command is run in a row; the fastest counts, so that a disturbance does not."""

RESIDENT = f"""
{IMPORT_FLOOR}
print(next(line.split()[1] for line in open("/proc/self/smaps_rollup") if line.startswith("Rss")))
"""


def commands(project: Path, clients: Path | None) -> Mapping[str, list[str]]:
    """Return what is timed, in seconds, by the names of the figures."""
    python = str(project / "bin" / "python")
    with_clients = (
        {} if clients is None else {"clients_floor_s": [str(clients / "bin" / "python"), "-c", CLIENTS_FLOOR]}
    )
    return {
        "python_s": [python, "-c", "pass"],
        "bare_import_s": [python, "-c", BARE_IMPORT],
        "import_floor_s": [python, "-c", IMPORT_FLOOR],
        "import_mog_s": [python, "-c", "import mog"],
        "typer_help_s": [python, str(HERE / "bare_typer.py"), "--help"],
        "mog_help_s": [str(project / "bin" / "mog"), "--help"],
        **with_clients,
    }


def measure_startup(project: Path, clients: Path | None) -> dict[str, float]:
    """Time all commands, in turns; ``clients`` is the environment that has aio-pika and redis-py, if there is one."""
    times: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        for name, command in commands(project, clients).items():
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=HERE, env=variables())
            times.setdefault(name, []).append(time.perf_counter() - began)
    command = [str(project / "bin" / "python"), "-c", RESIDENT]
    resident = int(subprocess.run(command, capture_output=True, text=True, check=True, env=variables()).stdout) * 1024
    return {name: min(taken) for name, taken in times.items()} | {"import_floor_rss_mb": resident / MIB}
