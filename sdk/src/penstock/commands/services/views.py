"""Versions and services as people see them; programs get what the API has (`-o json`). Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from penstock.commands.services.publish_check import batching_summary, check_lines, check_summary
from penstock.counted import counted

VERSION = ("service", "name", "status", "reason", "message", "model", "container", "registry", "run_id", "model_id",
           "digest", "resources", "pods", "replicas", "traffic_weight", "check", "predicts", "rate_limit",
           "request_timeout_ms", "max_concurrency", "log_delivery", "runtime", "env", "restart_to_apply", "description",
           "creator", "created_at", "log_tail")  # fmt: skip
VERSIONS = ("name", "status", "model", "pods", "traffic_weight", "check", "reason", "predicts", "created_at")
SERVICE = ("name", "type", "status", "description", "project", "tags", "auth_enabled", "url", "versions", "fallback",
           "creator", "created_at")  # fmt: skip


def version_row(version: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a list of versions."""
    source = version["model_source"]
    return {
        **version,
        "model": source["image"] if source.get("kind") == "image" else f"{source['model']}/{source['version']}",
        "pods": f"{version['ready_replicas']}/{version['desired_replicas']}",
        "check": check_summary(version),
        "predicts": batching_summary(version, in_words=False),
    }


def version_fields(version: Mapping[str, Any]) -> dict[str, Any]:
    """One version: a field for each thing, none of them a line of JSON."""
    source = version["model_source"]
    return {
        **version,
        **{field: source.get(field) for field in ("registry", "run_id", "model_id", "digest")},
        "model": format_model(source),
        "container": container_lines(source) or None,
        "resources": _format_resources(version["resource_source"]),
        "pods": f"{version['ready_replicas']} of {version['desired_replicas']} ready",
        "replicas": _format_replicas(version["replicas"]),
        "check": check_lines(version),
        "predicts": batching_summary(version),
        "env": [f"{name}={_format_variable(value)}" for name, value in (version.get("env") or {}).items()],
    }


def service_fields(service: Mapping[str, Any]) -> dict[str, Any]:
    """One service with a line for each of its versions."""
    return {**service, "versions": [_version_line(version) for version in service["versions"]]}


def format_model(source: Mapping[str, Any]) -> str:
    """`models:/wine/3 (@champion, followed)`, or the name of an image."""
    if source.get("kind") == "image":
        return f"image {source['image']}"
    alias = source.get("alias")
    by = f" (@{alias}{', followed' if source.get('follow') else ''})" if alias else ""
    return f"models:/{source['model']}/{source['version']}{by}"


def container_lines(source: Mapping[str, Any]) -> list[str]:
    """What the owner of an image says of its containers, a line for each thing; none of a model."""
    if source.get("kind") != "image":
        return []
    started = [shlex.join(source[words]) for words in ("command", "args") if source[words] is not None]
    return [
        f"port {source['port']}, health {source['health_path']}, predictions {source['predict_path']}",
        *([f"started with {' '.join(started)}"] if started else []),
        *([f"pulled with secret {source['credentials']}"] if source["credentials"] else []),
        *(f"{mount['path']} from {mount.get('uri', 'the version itself')}" for mount in source["mounts"]),
    ]


def _version_line(version: Mapping[str, Any]) -> str:
    words = [
        version["name"],
        version["status"],
        f"{version['traffic_weight']} %",
        format_model(version["model_source"]),
    ]
    return "  ".join([*words, *([version["reason"]] if version["reason"] else [])])


def _format_resources(source: Mapping[str, Any]) -> str:
    if source["kind"] == "shared":
        return f"{source['spec']} of the shared pool"
    kind = f" {source['gpu_kind']}" if source.get("gpu_kind") else ""
    cores = counted(source["cpu"], "core")
    return f"{cores}, {source['memory_gb']:g} GiB, {source['gpu']} GPU{kind} of group {source['group']}"


def _format_replicas(replicas: int | Mapping[str, Any]) -> str:
    if isinstance(replicas, int):
        return str(replicas)
    requests = counted(replicas["target_concurrency"], "request")
    return f"{replicas['min']} to {replicas['max']}, {requests} in flight at each"


def _format_variable(value: str | Mapping[str, str]) -> str:
    return value if isinstance(value, str) else f"<secret {value['secret']}/{value['key']}>"
