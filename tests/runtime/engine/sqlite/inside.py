"""Ways into an embedded engine that only its own tests take."""

from __future__ import annotations

import sqlite3
from typing import Any, cast

from mog.engine.contracts import Engine
from mog.engine.sqlite.broker import SqliteBroker
from mog.engine.sqlite.store import Store


def store_of(engine: Engine) -> Store:
    return cast("SqliteBroker", engine.broker).store


def connection_of(engine: Engine) -> sqlite3.Connection:
    return store_of(engine).database.connection


def scalar(engine: Engine, statement: str, *parameters: Any) -> Any:
    return connection_of(engine).execute(statement, parameters).fetchone()[0]
