"""Deploying once more what still starts: whether an active version is the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Version

STARTING = ("starting", "updating")
DEFAULTS: Mapping[str, Any] = {"rate_limit": None, "max_concurrency": None}
NON_POD_FIELDS = ("traffic_weight", "description", "start")
SOURCE_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "mlflow": {"registry": None, "alias": None, "follow": False},
    "image": {"credentials": None, "command": None, "args": None, "port": 8080, "health_path": "/health",
              "predict_path": "/predict", "mounts": []},
}  # fmt: skip


def find_identical(client: Client, versions: Iterable[Version], body: Mapping[str, Any]) -> Version | None:
    """The version that still starts with just this configuration; its share of the traffic is not looked at."""
    for version in versions:
        if version["status"] in STARTING and has_configuration(version, body) and _is_current(client, version):
            return version
    return None


def has_configuration(version: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether a version has every field as `body` asks for it. Pure."""
    wanted = {**DEFAULTS, **{field: value for field, value in body.items() if field not in NON_POD_FIELDS}}
    wanted["model_source"] = {**SOURCE_DEFAULTS[body["model_source"]["kind"]], **body["model_source"]}
    env: Mapping[str, Any] = wanted.pop("env", {})
    return _contains(version, wanted) and dict(env) == dict(version.get("env", {}))


def _contains(there: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; what is there beyond that are defaults."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        return all(field in there and _contains(there[field], value) for field, value in wanted.items())
    return bool(there == wanted)


def _is_current(client: Client, version: Mapping[str, Any]) -> bool:
    """Whether the alias that it was published by still stands where it did."""
    source = version["model_source"]
    if not source.get("alias"):
        return True
    aliases = client.model(source["model"], registry=source.get("registry")).get("aliases") or {}
    return bool(str(aliases.get(source["alias"])) == source["version"])
