"""What is public in mognet 2.0.0 of PyPI: a list, taken down by looking at its modules."""

MODULES = {
    "": "App AppConfig Context Middleware Request Result ResultState task",
    "app": "",
    "app.app": "App",
    "app.app_config": "AppConfig Queues",
    "backend": "",
    "backend.backend_config": "Encoding RedisResultBackendSettings ResultBackendConfig",
    "backend.base_result_backend": "AppParameters BaseResultBackend ResultOrId",
    "backend.memory_result_backend": "MemoryResultBackend",
    "backend.redis_result_backend": "RedisResultBackend",
    "broker": "",
    "broker.amqp_broker": "AmqpBroker",
    "broker.base_broker": "BaseBroker IncomingMessagePayload MessagePayload TaskQueue",
    "broker.broker_config": "AmqpBrokerSettings BrokerConfig",
    "broker.memory_broker": "InMemoryBroker",
    "cli": "",
    "cli.cli_state": "CliState state",
    "cli.exceptions": "GracefulShutdown",
    "cli.main": "callback main",
    "cli.models": "LogLevel OutputFormat",
    "cli.nodes": "group status",
    "cli.queues": "group purge",
    "cli.run": "group run",
    "cli.run_in_loop": "run_in_loop",
    "cli.tasks": "get group revoke tree",
    "context": "",
    "context.context": "Context",
    "decorators": "",
    "decorators.task_decorator": "task",
    "exceptions": "",
    "exceptions.base_exceptions": "ConnectionError CouldNotSubmit ImproperlyConfigured MognetError NotConnected",
    "exceptions.broker_exceptions": "BrokerError QueueNotFound",
    "exceptions.result_exceptions": "ResultError ResultFailed ResultLost ResultNotReady ResultValueLost Revoked",
    "exceptions.task_exceptions": "InvalidErrorInfo InvalidTaskArguments Loc Pause",
    "exceptions.too_many_retries": "TooManyRetries",
    "middleware": "",
    "middleware.middleware": "Middleware",
    "model": "",
    "model.queue_stats": "QueueStats",
    "model.result": "Result ResultChildren ResultValue ResultValueHolder",
    "model.result_state": (
        "ERROR_STATES READY_STATES ResultState STARTED_STATES STOPPED_STATES SUCCESS_STATES UNREADY_STATES"
    ),
    "model.result_tree": "ResultTree",
    "primitives": "",
    "primitives.queries": "QueryRequestMessage QueryResponseMessage StatusResponseMessage",
    "primitives.request": "Priority Request",
    "primitives.revoke": "Revoke",
    "service": "",
    "service.class_service": "ClassService",
    "state": "",
    "state.base_state_backend": "BaseStateBackend",
    "state.redis_state_backend": "RedisStateBackend",
    "state.state": "State",
    "state.state_backend_config": "RedisStateBackendSettings StateBackendConfig",
    "tasks": "",
    "tasks.task_registry": "TaskProtocol TaskRegistry UnknownTask task_registry",
    "testing": "",
    "testing.pytest_integration": "create_app_fixture",
    "tools": "",
    "tools.backports": "",
    "tools.backports.aioitertools": "as_generated",
    "tools.dates": "now_utc",
    "tools.kwargs_repr": "format_kwargs_repr",
    "tools.retries": "retryableasyncmethod",
    "tools.urls": "censor_credentials",
    "worker": "",
    "worker.worker": "MessageCancellationAction Worker",
}
"""Its modules, and what each defines (packages: what they export)."""

MEMBERS = {
    "AmqpBrokerSettings": "retry_connect_attempts retry_connect_timeout url",
    "App": (
        "add_middleware broker close config connect create_request get_current_status_of_nodes "
        "get_task_queue_names loop name purge_control_queue purge_task_queues result_backend revoke run "
        "services start state_backend submit task_registry worker"
    ),
    "AppConfig": (
        "broker default_task_route from_file imports max_reconnect_retries max_recursion max_retries "
        "max_tasks maximum_concurrency minimum_concurrency node_id reconnect_interval result_backend "
        "services_settings state_backend task_queues task_routes"
    ),
    "AppParameters": "name",
    "BaseBroker": (
        "add_connection_failed_callback close connect consume_control_queue consume_tasks purge_control_queue "
        "purge_task_queue send_control_message send_query_message send_reply send_task_message "
        "set_control_prefetch set_task_prefetch setup_control_queue setup_task_queue task_queue_stats"
    ),
    "BaseResultBackend": (
        "add_children app close config connect delete get get_children_count get_many get_metadata "
        "get_or_create get_value iterate_children iterate_children_ids set set_metadata set_ttl set_value "
        "wait"
    ),
    "BaseStateBackend": "clear close connect get pop set",
    "BrokerConfig": "amqp",
    "ClassService": "close wait_closed config",
    "Context": "app call_threadsafe create_request gather get_result get_service request run set_metadata state submit",
    "Encoding": "GZIP",
    "InvalidErrorInfo": "loc msg type",
    "InvalidTaskArguments": "errors from_validation_error",
    "MemoryResultBackend": (
        "add_children close connect delete get get_children_count get_many get_metadata get_or_create "
        "get_value iterate_children iterate_children_ids set set_metadata set_ttl set_value wait"
    ),
    "Middleware": (
        "on_app_started on_app_starting on_app_stopped on_app_stopping on_request_submitting "
        "on_running_task_count_changed on_task_completed on_task_starting"
    ),
    "QueueStats": "consumer_count message_count queue_name",
    "Queues": "ensure_valid exclude include is_valid",
    "RedisResultBackend": (
        "add_children close connect delete get get_children_count get_many get_metadata get_or_create "
        "get_value iterate_children iterate_children_ids set set_metadata set_ttl set_value wait"
    ),
    "RedisResultBackendSettings": (
        "max_connections result_ttl result_value_encoding result_value_ttl retry_connect_attempts "
        "retry_connect_timeout url"
    ),
    "RedisStateBackendSettings": "max_connections state_ttl url",
    "Request": "args deadline id kwargs kwargs_repr metadata name priority queue_name stack",
    "Result": (
        "children created delete done duration failed finished get get_metadata id name node_id "
        "number_of_starts number_of_stops parent_id queue_time request_kwargs_repr resume revoke revoked "
        "set_error set_metadata set_result set_ttl start started state successful suspend tree "
        "unexpected_retry_count value wait"
    ),
    "ResultBackendConfig": "redis",
    "ResultChildren": "add count iter_ids iter_instances",
    "ResultFailed": "result",
    "ResultLost": "result_id",
    "ResultState": "FAILURE INVALID PENDING REVOKED RUNNING SUCCESS SUSPENDED",
    "ResultTree": "children result",
    "ResultValue": "get_raw_value get_value_holder set_raw_value",
    "ResultValueHolder": "deserialize not_ready raw_value value_type",
    "ResultValueLost": "result_id",
    "Revoked": "result",
    "State": "clear get pop request_id set",
    "StateBackendConfig": "redis",
    "TaskRegistry": "add_task_function get_task_function get_task_name register_globally registered_task_names",
    "TooManyRetries": "actual_retries max_retries request_id",
    "UnknownTask": "task_name",
}
"""Attributes and methods of its classes, but for those that are pydantic's or Python's, and of what is not here."""
