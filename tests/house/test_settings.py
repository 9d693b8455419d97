"""The settings that the suite relies on are in force."""

import asyncio
import warnings

import pytest


async def test_coroutines_are_tests_and_run_in_debug_mode() -> None:
    assert asyncio.get_running_loop().get_debug()


def test_warnings_are_errors() -> None:
    with pytest.raises(UserWarning, match="look out"):
        warnings.warn("look out", stacklevel=1)


def test_order_is_random(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("randomly")
    assert pytestconfig.getoption("randomly_reorganize")


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) > 0
    assert pytestconfig.pluginmanager.hasplugin("timeout")


def test_long_tests_run_on_demand_alone(pytestconfig: pytest.Config) -> None:
    options = pytestconfig.getini("addopts")
    assert options[options.index("-m") + 1] == "not long"
