"""Settings that nobody reads."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mog.config import AppConfig, setting_names
from mog.config_sources import PREFIX, variable_of
from mog.doctor.findings import Finding, warn
from mog.validation import redact

OF_ENGINES = {
    "durability": ("sqlite",),
    "queue_type": ("amqp", "amqps"),
    "consumer_timeout": ("amqp", "amqps"),
    "look_ahead": ("amqp", "amqps"),
    "mognet_interop": ("amqp", "amqps"),
}
"""Settings, and the schemes of the brokers with which they mean something."""

OF_THE_COMMAND = frozenset({"MOG_APP"})


def settings(config: AppConfig) -> Iterator[Finding]:
    """Find settings that have no effect, and variables that are no settings."""
    scheme = config.broker.partition(":")[0]
    for name, schemes in OF_ENGINES.items():
        if name in config.model_fields_set and scheme not in schemes:
            what = f"{name} is set, and has no effect with {redact(config.broker)}"
            yield warn("settings", what, f"take it out; it is for {schemes[0]}:")
    known = {variable_of(name) for name in setting_names(AppConfig)} | OF_THE_COMMAND
    for variable in sorted(set(os.environ) - known):
        if variable.startswith(PREFIX):
            yield warn("settings", f"nothing reads the environment variable {variable}", "unset it, or correct it")
