"""Settings, and where they come from."""

import json
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mog.config import AppConfig, load_config
from mog.errors import ConfigError

Project = Callable[[str], Path]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    def write(table: str) -> Path:
        file = tmp_path / "pyproject.toml"
        file.write_text(table)
        return file

    return write


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        load_config(**settings)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_defaults() -> None:
    config = load_config()
    assert config.broker == config.results == config.state == "sqlite:///.mog/mog.db"
    assert (config.concurrency, config.max_retries, config.max_recursion) == (10, 3, 64)
    assert (config.grace, config.unknown_task_grace) == (25.0, 60.0)
    assert (config.result_ttl, config.result_value_ttl) == (21 * 86_400, 7 * 86_400)
    assert config.max_message_size == 1_048_576
    assert config.default_task_route == "tasks"
    assert config.node_id == f"{os.getpid()}@{socket.gethostname()}"


def test_results_and_state_follow_the_broker() -> None:
    config = load_config(broker="memory://")
    assert (config.results, config.state) == ("memory://", "memory://")
    assert load_config(broker="memory://", state="memory://b").state == "memory://b"


def test_argument_wins_over_environment_over_file_over_default(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project("[tool.mog]\nconcurrency = 2\nmax_retries = 2\ngrace = 2\n")
    monkeypatch.setenv("MOG_MAX_RETRIES", "3")
    monkeypatch.setenv("MOG_GRACE", "3")
    config = load_config(grace=4, max_recursion=None)
    assert (config.concurrency, config.max_retries, config.grace, config.max_recursion) == (2, 3, 4.0, 64)


def test_every_setting_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_BROKER", "memory://")
    monkeypatch.setenv("MOG_IMPORTS", "app.tasks, app.more")
    monkeypatch.setenv("MOG_TASK_ROUTES", '{"a": "slow"}')
    monkeypatch.setenv("MOG_TASK_QUEUES", '{"exclude": ["slow"]}')
    monkeypatch.setenv("MOG_RESULT_TTL", "P2D")
    monkeypatch.setenv("MOG_DURABILITY", "")
    config = load_config()
    assert config.broker == "memory://"
    assert config.imports == ["app.tasks", "app.more"]
    assert config.task_routes == {"a": "slow"}
    assert config.task_queues.exclude == {"slow"}
    assert config.result_ttl == 2 * 86_400
    assert config.durability == "normal"


def test_project_is_found_from_below_and_its_store_is_the_same_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project("[tool.mog]\nconcurrency = 2\n")
    below = tmp_path / "src" / "package"
    below.mkdir(parents=True)
    (tmp_path / "src" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    assert load_config().broker == "sqlite:///.mog/mog.db"
    monkeypatch.chdir(below)
    config = load_config()
    assert config.concurrency == 2
    assert config.broker == config.state == f"sqlite:///{tmp_path}/.mog/mog.db"
    assert load_config(broker="sqlite:///own.db").broker == "sqlite:///own.db"


@pytest.mark.parametrize("url", ["sqlite:////var/mog.db", "memory://", "amqp://host/vhost", "sqlite:///:memory:"])
def test_urls_of_other_kinds_are_left_alone_below_the_project(
    url: str, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project(f"[tool.mog]\nbroker = '{url}'\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert load_config().broker == url


def test_keys_of_the_command_and_the_linter_are_left_alone(project: Project) -> None:
    project(
        "[tool.mog]\napp = 'demo:app'\nsrc = ['src']\n[tool.mog.lint]\nselect = ['ALL']\n[tool.mog.template]\na = 1\n"
    )
    assert load_config().concurrency == 10


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("concurency = 2", "concurency is unknown, from [tool.mog] of {file}; did you mean 'concurrency'?"),
        ("nothing_alike = 2", "nothing_alike is unknown, from [tool.mog] of {file}"),
        (
            "concurrency = 'many'",
            "concurrency: Input should be a valid integer, unable to parse string as an integer; it is 'many', "
            "from [tool.mog] of {file}",
        ),
        (
            "task_queues = {include = ['a'], exclude = ['b']}",
            "task_queues: has include and exclude; use one of them; it is {{'include': ['a'], 'exclude': ['b']}}, "
            "from [tool.mog] of {file}",
        ),
        ("task_queues = {includ = ['a']}", "task_queues.includ is unknown, from [tool.mog] of {file}"),
        ("grace = -1", "grace: Input should be greater than or equal to 0; it is -1, from [tool.mog] of {file}"),
        ("grace = 'P1'", "grace: {any}; it is 'P1', from [tool.mog] of {file}"),
        ("durability = 'some'", "durability: Input should be 'normal' or 'full'; it is 'some', from {any}"),
    ],
)
def test_wrong_settings_in_the_file_are_told_with_their_place(project: Project, table: str, message: str) -> None:
    file = project(f"[tool.mog]\n{table}\n")
    told = refusal().removeprefix("the configuration is not valid: ")
    start, _, end = message.format(file=file, any="\0").partition("\0")
    assert told.startswith(start)
    assert told.endswith(end)


def test_wrong_settings_in_the_environment_and_in_arguments_are_told_with_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOG_GRACE", "long")
    assert "it is 'long', from environment variable MOG_GRACE" in refusal()
    assert "concurrency: Input should be greater than or equal to 1; it is 0, from argument concurrency" in refusal(
        concurrency=0
    )
    assert "brker is unknown, from argument brker; did you mean 'broker'?" in refusal(brker="memory://")


def test_misspelt_and_broken_variables_are_refused_and_foreign_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_APP", "demo:app")
    monkeypatch.setenv("MOG_REQUIRE_SERVICES", "1")
    assert load_config().concurrency == 10
    monkeypatch.setenv("MOG_CONCURENCY", "3")
    assert refusal() == "environment variable MOG_CONCURENCY is unknown; did you mean MOG_CONCURRENCY?"
    monkeypatch.delenv("MOG_CONCURENCY")
    monkeypatch.setenv("MOG_TASK_ROUTES", "{")
    assert refusal().startswith("environment variable MOG_TASK_ROUTES is not valid JSON: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"[tool.mog\n",
            "{file} is not valid TOML: Expected ']' at the end of a table declaration (at line 1",
        ),
        (b"\xff", "{file} is not valid TOML: 'utf-8' codec can't decode byte 0xff"),
        (b"[tool]\nmog = 3\n", "{file}: mog must be a table, as in [tool.mog], and is int"),
        (b"tool = 3\n", "{file}: tool must be a table, as in [tool.mog], and is int"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(content)
    assert refusal().startswith(message.format(file=file))


def test_unreadable_file_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    file = project("[tool.mog]\n")
    monkeypatch.setattr(Path, "read_text", refuse)  # root, who runs many a container, may read everything
    assert refusal() == f"{file} cannot be read: Permission denied"


def test_file_without_the_table_is_no_source(project: Project) -> None:
    project("[project]\nname = 'x'\n")
    assert load_config().concurrency == 10


def test_concurrency_by_mognets_names() -> None:
    assert load_config(minimum_concurrency=4).concurrency == 4
    assert load_config(minimum_concurrency=4, concurrency=6).concurrency == 6
    assert load_config(maximum_concurrency=3).concurrency == 3
    assert load_config(maximum_concurrency=30).concurrency == 10
    told = "maximum_concurrency (3) is less than concurrency (4)"
    assert refusal(maximum_concurrency=3, concurrency=4) == told
    assert refusal(maximum_concurrency=3, minimum_concurrency=4) == told


def test_times_are_seconds_timedeltas_or_iso_texts() -> None:
    config = AppConfig(grace=timedelta(minutes=1), result_ttl="P1DT1S", unknown_task_grace="1.5", result_value_ttl=3)
    assert (config.grace, config.result_ttl, config.unknown_task_grace, config.result_value_ttl) == (60, 86_401, 1.5, 3)


def test_construction_raises_config_errors_too() -> None:
    misspelt: dict[str, Any] = {"brker": "memory://"}
    with pytest.raises(ConfigError, match=r"brker is unknown; did you mean 'broker'\?"):
        AppConfig(**misspelt)
    with pytest.raises(ConfigError, match="concurrency"):
        AppConfig.model_validate({"concurrency": "x"})


def test_json_file_as_mognet_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"node_id": "w1", "imports": ["a"], "task_routes": {"a": "b"}, "max_retries": 5}))
    config = AppConfig.from_file(str(file))
    assert (config.node_id, config.imports, config.task_routes, config.max_retries) == ("w1", ["a"], {"a": "b"}, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the configuration file {file} is not valid JSON: EOF"),
        ("[]", "the configuration file {file} must hold a JSON object"),
        ('{"max_retries": "x"}', "the configuration is not valid: max_retries: {any}; it is 'x', from file {file}"),
        (None, "the configuration file {file} cannot be read: No such file or directory"),
    ],
)
def test_broken_json_files_are_told(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        AppConfig.from_file(file)
    start, _, end = message.format(file=file, any="\0").partition("\0")
    assert str(raised.value).startswith(start)
    assert str(raised.value).endswith(end)


def test_credentials_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "redis://user:hunter2" + "x" * 70 + "@host/0"
    assert "hunter2" not in repr(AppConfig(broker=url, services_settings={"key": "hunter2"}))
    assert "redis://user:***@host/0" in repr(AppConfig(broker=url))
    assert "hunter2" not in refusal(broker=["redis://:hunter2@host"])
    assert "hunter2" not in refusal(concurrency=url)
    assert "hunter2" not in refusal(task_routes=url)
    monkeypatch.setenv("MOG_GRACE", url)
    assert "hunter2" not in refusal()


# -- parts of a setting


def test_guard_by_default() -> None:
    guard = load_config().guard
    assert (guard.enabled, guard.warn, guard.limit) == (True, 1.0, 15.0)


def test_parts_of_a_setting_may_come_from_different_places(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project("[tool.mog.guard]\nwarn = 2\nlimit = 30\n")
    monkeypatch.setenv("MOG_GUARD_WARN", "PT3S")
    monkeypatch.setenv("MOG_GUARD_ENABLED", "false")
    guard = load_config().guard
    assert (guard.enabled, guard.warn, guard.limit) == (False, 3.0, 30.0)
    monkeypatch.setenv("MOG_GUARD", '{"warn": 4}')
    guard = load_config().guard
    assert (guard.enabled, guard.warn, guard.limit) == (False, 3.0, 15.0), "a whole variable replaces the whole table"
    assert load_config(guard={"warn": 5}).guard.enabled, "and so does an argument"


def test_lists_that_are_parts_of_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_TASK_QUEUES_INCLUDE", '["slow"]')
    assert load_config().task_queues.include == {"slow"}


def test_wrong_part_of_a_setting_says_where_it_came_from(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project("[tool.mog.guard]\nlimit = -1\n")
    monkeypatch.setenv("MOG_GUARD_WARN", "soon")
    message = refusal()
    assert "guard.warn: Input should be a valid number" in message
    assert "'soon', from environment variable MOG_GUARD_WARN" in message
    assert f"guard.limit: Input should be greater than 0; it is -1, from [tool.mog] of {file}" in message


def test_setting_that_is_no_table_has_no_parts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project("[tool.mog]\nguard = 3\n")
    monkeypatch.setenv("MOG_GUARD_WARN", "2")
    assert "guard: Input should be a valid dictionary" in refusal()


def test_unknown_part_of_a_setting_is_told_with_the_nearest(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project("[tool.mog.guard]\nwarm = 2\n")
    assert "guard.warm is unknown" in refusal()
    assert "did you mean 'guard.warn'?" in refusal()
    monkeypatch.setenv("MOG_GUARD_LIMITS", "2")
    assert "MOG_GUARD_LIMITS is unknown; did you mean MOG_GUARD_LIMIT?" in refusal()
