"""Differences between two states of a service or a version, under the names that the API gives to fields.

The audit log holds columns; the history of a version and the dry run of an update show these to people. Bookkeeping
of the platform (generations, counters, what a roll-back comes back to) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VERSION_FIELDS = {
    "model": "model_source.model",
    "model_registry": "model_source.registry",
    "model_version": "model_source.version",
    "alias": "model_source.alias",
    "follow": "model_source.follow",
    "run_id": "model_source.run_id",
    "model_id": "model_source.model_id",
    "model_digest": "model_source.digest",
    "image": "model_source",
    "spec": "resource_source.spec",
    "resource_group": "resource_source.group",
    "resources": "resource_source",
    "replicas": "replicas",
    "autoscaling": "autoscaling",
    "weight": "traffic_weight",
    "asked_weight": "asked_traffic_weight",
    "stale_secrets": "restart_to_apply",
    **{name: name for name in ("description", "rate_limit", "request_timeout_ms", "max_concurrency", "log_delivery",
                               "runtime", "env", "wanted")},
}  # fmt: skip
"""Columns of a version that are shown, and what they are called."""
_SIZES = ("cpu", "memory_gb", "gpu", "gpu_kind")
"""What of `resources` no other column says."""
_SERVICE_FIELDS = ("description", "tags", "auth_enabled", "sticky_header", "cors", "max_body_bytes", "fallback")


@dataclass(frozen=True)
class FieldChange:
    """One field, before and after; None where it was, or is, not set."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class HistoryEntry:
    """What one transaction did to a version."""

    action: str
    changes: tuple[FieldChange, ...]


def version_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """What differs between two states of a version's columns; a column that neither names is the same."""
    return list(_differences(_of_version(before, after), _of_version(after, before)))


def service_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The same of a service's own columns."""
    return list(_differences(_chosen(before, _SERVICE_FIELDS), _chosen(after, _SERVICE_FIELDS)))


def weight_changes(before: Mapping[str, int], after: Mapping[str, int]) -> list[FieldChange]:
    """What differs between two splits of a service's traffic."""
    return list(_differences({"weights": before}, {"weights": after}))


def history_entry(
    action: str, operation: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> HistoryEntry:
    """A line of the audit log as the history of its version shows it."""
    old, new = before or {}, after or {}
    changes = version_changes(old, new)
    if action == "updated":
        action = _action(operation, old, new, changes)
    if action == "rolled_back":
        changes.append(FieldChange("reason", None, _reason(new.get("rolled_back"))))
    if action == "created":
        changes = [change for change in _fields_of(changes) if change.after not in (None, "")]
    return HistoryEntry(action, tuple(changes))


def _fields_of(changes: Iterable[FieldChange]) -> Iterator[FieldChange]:
    """Of something new, each field of an object by itself, as later changes of it name them."""
    for change in changes:
        if isinstance(change.after, Mapping):
            yield from _differences({}, change.after, f"{change.field}.")
        else:
            yield change


def _action(operation: str, before: Mapping[str, Any], after: Mapping[str, Any], changes: list[FieldChange]) -> str:
    if operation == "roll_back":
        return "rolled_back"
    if "wanted" in after:
        return str(after["wanted"])
    if "restart" in after:
        return "restarted"
    is_split = bool(changes) and all(change.field == "traffic_weight" for change in changes)
    return "traffic" if is_split else "updated"


def _reason(rolled_back: Any) -> str | None:
    return f"{rolled_back['reason']}: {rolled_back['message']}" if isinstance(rolled_back, Mapping) else None


def _of_version(columns: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one state; `other`: the state that it is compared with."""
    values = {shown: columns[name] for name, shown in _VERSION_FIELDS.items() if name in columns}
    if isinstance(values.get("resource_source"), Mapping):
        is_in_group = _is_in_group(columns)
        if is_in_group:  # the size is the user's, the name that the scheduler has for it is not
            values.pop("resource_source.spec", None)
        is_said_by_spec = not is_in_group and (not other or _is_in_group(other))
        values["resource_source"] = {} if is_said_by_spec else _chosen(values["resource_source"], _SIZES)
    return values


def _is_in_group(columns: Mapping[str, Any]) -> bool:
    return bool((columns.get("resources") or {}).get("group"))


def _chosen(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[FieldChange]:
    """Objects are compared field by field where both states have one, else as a whole."""
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, f"{prefix}{name}.")
        elif old != new:
            yield FieldChange(f"{prefix}{name}", old, new)
