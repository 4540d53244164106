"""The methods of both clients, listed once: `operation` makes a method of a function that describes a request.

The same attribute is a plain method on `Client` and a coroutine function (or an async iterator) on `AsyncClient`;
type checkers see each with its own signature.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, overload

from penstock.client.requests import canaries as canary_requests
from penstock.client.requests import groups as group_requests
from penstock.client.requests import inspection, people, resources
from penstock.client.requests import models as model_requests
from penstock.client.requests import platform as platform_requests
from penstock.client.requests import services as service_requests
from penstock.client.requests.base import Listing, Request, Stream
from penstock.client.requests.inference_tables import labels, privacy
from penstock.client.requests.inference_tables import tables as table_requests
from penstock.client.requests.inference_tables.tables import FileRequest
from penstock.client.requests.monitoring import alerts as alert_requests
from penstock.client.requests.monitoring import monitors as monitor_requests
from penstock.client.requests.monitoring import observability
from penstock.client.requests.monitoring import retraining as retraining_requests

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class SyncMethods:
    """Marks a client whose methods return when the answer is there."""


class AsyncMethods:
    """Marks a client whose methods are awaited."""


class operation(Generic[Arguments, Answer]):  # noqa: N801 - used as a decorator is
    """A method that sends one request and gives its answer."""

    def __init__(self, describe: Callable[Arguments, Request[Answer]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: SyncMethods, owner: type | None = None) -> Callable[Arguments, Answer]: ...
    @overload
    def __get__(self, client: AsyncMethods, owner: type | None = None) -> Callable[Arguments, Awaitable[Answer]]: ...
    def __get__(self, client: Any, owner: type | None = None) -> Any:
        """The method, bound to its client."""
        return _bind(self._describe, client and client.send)


class listing(Generic[Arguments, Answer]):  # noqa: N801
    """A method that iterates over a list, page by page."""

    def __init__(self, describe: Callable[Arguments, Listing[Answer]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: SyncMethods, owner: type | None = None) -> Callable[Arguments, Iterator[Answer]]: ...
    @overload
    def __get__(
        self, client: AsyncMethods, owner: type | None = None
    ) -> Callable[Arguments, AsyncIterator[Answer]]: ...
    def __get__(self, client: Any, owner: type | None = None) -> Any:
        """The method, bound to its client."""
        return _bind(self._describe, client and client.each)


class stream(Generic[Arguments, Answer]):  # noqa: N801
    """A method that iterates over what the server sends, until one of both ends it."""

    def __init__(self, describe: Callable[Arguments, Stream[Answer]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: SyncMethods, owner: type | None = None) -> Callable[Arguments, Iterator[Answer]]: ...
    @overload
    def __get__(
        self, client: AsyncMethods, owner: type | None = None
    ) -> Callable[Arguments, AsyncIterator[Answer]]: ...
    def __get__(self, client: Any, owner: type | None = None) -> Any:
        """The method, bound to its client."""
        return _bind(self._describe, client and client.follow)


class download(Generic[Arguments]):  # noqa: N801
    """A method that writes the answer to a file."""

    def __init__(self, describe: Callable[Arguments, FileRequest[None]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: SyncMethods, owner: type | None = None) -> Callable[Arguments, None]: ...
    @overload
    def __get__(self, client: AsyncMethods, owner: type | None = None) -> Callable[Arguments, Awaitable[None]]: ...
    def __get__(self, client: Any, owner: type | None = None) -> Any:
        """The method, bound to its client."""
        return _bind(self._describe, client and client.save)


def _bind(describe: Callable[..., Any], send: Callable[[Any], Any] | None) -> Callable[..., Any]:
    if send is None:
        return describe

    @wraps(describe)
    def call(*args: Any, **options: Any) -> Any:
        return send(describe(*args, **options))

    return call


class Operations:
    """Everything that can be asked; `requests` documents each."""

    services = listing(service_requests.services)
    service = operation(service_requests.service)
    create_service = operation(service_requests.create_service)
    edit_service = operation(service_requests.edit_service)
    start_service = operation(service_requests.start_service)
    stop_service = operation(service_requests.stop_service)
    restart_service = operation(service_requests.restart_service)
    delete_service = operation(service_requests.delete_service)
    versions = listing(service_requests.versions)
    version = operation(service_requests.version)
    create_version = operation(service_requests.create_version)
    edit_version = operation(service_requests.edit_version)
    start_version = operation(service_requests.start_version)
    stop_version = operation(service_requests.stop_version)
    restart_version = operation(service_requests.restart_version)
    delete_version = operation(service_requests.delete_version)
    history = listing(inspection.history)
    preview_version_edit = operation(inspection.preview_version_edit)
    preview_service_edit = operation(inspection.preview_service_edit)
    preview_traffic = operation(inspection.preview_traffic)
    traffic = operation(service_requests.traffic)
    set_traffic = operation(service_requests.set_traffic)
    keys = listing(service_requests.keys)
    create_key = operation(service_requests.create_key)
    rotate_key = operation(service_requests.rotate_key)
    revoke_key = operation(service_requests.revoke_key)
    pods = listing(service_requests.pods)
    pod_timeline = operation(inspection.pod_timeline)
    request = operation(inspection.request)
    restart_pod = operation(service_requests.restart_pod)
    pod_terminal = operation(service_requests.pod_terminal)
    create_exec_ticket = operation(service_requests.create_exec_ticket)
    logs = listing(observability.logs)
    logs_around = listing(observability.logs_around)
    download_logs = operation(observability.download_logs)
    follow_logs = stream(observability.follow_logs)
    events = listing(observability.events)
    models = listing(model_requests.models)
    metrics = operation(observability.metrics)
    charts = operation(observability.charts)
    service_summaries = operation(observability.service_summaries)
    model = operation(model_requests.model)
    model_version = operation(model_requests.model_version)
    projects = listing(people.projects)
    project = operation(people.project)
    create_project = operation(people.create_project)
    edit_project = operation(people.edit_project)
    delete_project = operation(people.delete_project)
    members = listing(people.members)
    set_member = operation(people.set_member)
    remove_member = operation(people.remove_member)
    users = listing(people.users)
    user = operation(people.user)
    create_user = operation(people.create_user)
    edit_user = operation(people.edit_user)
    delete_user = operation(people.delete_user)
    tokens = listing(people.tokens)
    create_token = operation(people.create_token)
    revoke_token = operation(people.revoke_token)
    create_sign_in_link = operation(people.create_sign_in_link)
    sign_in_options = operation(people.sign_in_options)
    end_sessions = operation(people.end_sessions)
    audit = listing(people.audit)
    specs = listing(resources.specs)
    spec = operation(resources.spec)
    create_spec = operation(resources.create_spec)
    edit_spec = operation(resources.edit_spec)
    delete_spec = operation(resources.delete_spec)
    secrets = listing(resources.secrets)
    secret = operation(resources.secret)
    create_secret = operation(resources.create_secret)
    replace_secret = operation(resources.replace_secret)
    delete_secret = operation(resources.delete_secret)
    destinations = listing(resources.destinations)
    destination = operation(resources.destination)
    create_destination = operation(resources.create_destination)
    replace_destination = operation(resources.replace_destination)
    delete_destination = operation(resources.delete_destination)
    check_destination = operation(resources.check_destination)
    usage = listing(resources.usage)
    usage_csv = operation(resources.usage_csv)
    debug = operation(resources.debug)
    capacity = operation(group_requests.capacity)
    groups = listing(group_requests.groups)
    group = operation(group_requests.group)
    create_group = operation(group_requests.create_group)
    edit_group = operation(group_requests.edit_group)
    delete_group = operation(group_requests.delete_group)
    grant_group = operation(group_requests.grant_group)
    revoke_group = operation(group_requests.revoke_group)
    nodes = listing(group_requests.nodes)
    node = operation(group_requests.node)
    add_node = operation(group_requests.add_node)
    edit_node = operation(group_requests.edit_node)
    isolate_node = operation(group_requests.isolate_node)
    resume_node = operation(group_requests.resume_node)
    drain_node = operation(group_requests.drain_node)
    release_node = operation(group_requests.release_node)
    renew_node = operation(group_requests.renew_node)
    move_node = operation(group_requests.move_node)
    tables = listing(table_requests.tables)
    table = operation(table_requests.table)
    rows = operation(table_requests.rows)
    each_row = listing(table_requests.each_row)
    table_statistics = operation(table_requests.table_statistics)
    download_table = download(table_requests.download_table)
    preview_masking = operation(privacy.preview_masking)
    erase = operation(privacy.erase)
    erasures = listing(privacy.erasures)
    erasure = operation(privacy.erasure)
    accounting = operation(table_requests.accounting)
    signatures = operation(table_requests.signatures)
    send_labels = operation(labels.send_labels)
    send_label_file = operation(labels.send_label_file)
    label_coverage = operation(labels.label_coverage)
    create_label_source = operation(labels.create_label_source)
    label_sources = listing(labels.label_sources)
    label_source = operation(labels.label_source)
    replace_label_source = operation(labels.replace_label_source)
    delete_label_source = operation(labels.delete_label_source)
    run_label_source = operation(labels.run_label_source)
    label_runs = listing(labels.label_runs)
    create_retraining_trigger = operation(retraining_requests.create_retraining_trigger)
    retraining_triggers = listing(retraining_requests.retraining_triggers)
    retraining_trigger = operation(retraining_requests.retraining_trigger)
    replace_retraining_trigger = operation(retraining_requests.replace_retraining_trigger)
    delete_retraining_trigger = operation(retraining_requests.delete_retraining_trigger)
    start_retraining = operation(retraining_requests.start_retraining)
    retrainings = listing(retraining_requests.retrainings)
    retraining = operation(retraining_requests.retraining)
    cancel_retraining = operation(retraining_requests.cancel_retraining)
    create_monitor = operation(monitor_requests.create_monitor)
    monitors = listing(monitor_requests.monitors)
    monitor = operation(monitor_requests.monitor)
    replace_monitor = operation(monitor_requests.replace_monitor)
    delete_monitor = operation(monitor_requests.delete_monitor)
    run_monitor = operation(monitor_requests.run_monitor)
    monitor_report = operation(monitor_requests.monitor_report)
    monitor_distribution = operation(monitor_requests.monitor_distribution)
    monitor_windows = listing(monitor_requests.monitor_windows)
    start_canary = operation(canary_requests.start_canary)
    canaries = listing(canary_requests.canaries)
    canary = operation(canary_requests.canary)
    abort_canary = operation(canary_requests.abort_canary)
    promote_canary = operation(canary_requests.promote_canary)
    alerts = listing(alert_requests.alerts)
    alert = operation(alert_requests.alert)
    acknowledge_alert = operation(alert_requests.acknowledge_alert)
    create_channel = operation(alert_requests.create_channel)
    channels = listing(alert_requests.channels)
    channel = operation(alert_requests.channel)
    channel_kinds = listing(alert_requests.channel_kinds)
    replace_channel = operation(alert_requests.replace_channel)
    delete_channel = operation(alert_requests.delete_channel)
    send_channel_test = operation(alert_requests.send_channel_test)
    create_silence = operation(alert_requests.create_silence)
    silences = listing(alert_requests.silences)
    silence = operation(alert_requests.silence)
    replace_silence = operation(alert_requests.replace_silence)
    expire_silence = operation(alert_requests.expire_silence)
    create_maintenance = operation(alert_requests.create_maintenance)
    maintenance_windows = listing(alert_requests.maintenance_windows)
    maintenance_window = operation(alert_requests.maintenance_window)
    replace_maintenance = operation(alert_requests.replace_maintenance)
    delete_maintenance = operation(alert_requests.delete_maintenance)
    dead_letters = listing(platform_requests.dead_letters)
    replay_dead_letter = operation(platform_requests.replay_dead_letter)
    platform = operation(platform_requests.platform)
    changes = stream(platform_requests.changes)
    health = operation(platform_requests.health)
    predict = operation(service_requests.predict)
