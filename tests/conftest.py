"""What holds for every test: the surroundings of the developer do not sway it."""

import os

from hypothesis import settings

from .services import amqp_url, own_rabbitmq, own_redis, redis_url

__all__ = ["amqp_url", "own_rabbitmq", "own_redis", "redis_url"]

OURS = {"MOG_REQUIRE_SERVICES", "MOG_TEST_AMQP", "MOG_TEST_REDIS"}
"""Settings of the tests themselves; services.py reads them."""

# No deadline: the suite shares its cores with others, and pytest-timeout bounds each test as a whole.
settings.register_profile("mog", deadline=None, print_blob=True)
settings.load_profile("mog")


def pytest_configure() -> None:
    """Drop the settings of whoever runs the tests, which the programs under test would read."""
    for name in [name for name in os.environ if name.startswith("MOG_") and name not in OURS]:
        del os.environ[name]
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "PYTHONWARNINGS"):
        os.environ.pop(name, None)
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
