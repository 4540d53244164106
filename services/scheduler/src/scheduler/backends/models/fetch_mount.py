"""Fetches the files of one mount: `python -m scheduler.backends.models.fetch_mount`, a child process as `fetch` is.

Artifacts of MLflow (`models:/name/3`, `models:/m-<id>`, `runs:/<run id>/path`,
`mlflow-artifacts:/path`), or objects of an S3 bucket.
Kept as models are: read-only, by the digest of what they hold, so that pods of many versions share them.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from scheduler.backends.models.fetch import (
    FAILED,
    NOT_FOUND,
    TOO_LARGE,
    UNAVAILABLE,
    ask_mlflow,
    download_by_mlflow,
    host_of,
    limits_of,
    store_model,
    translate_errors,
)
from scheduler.backends.models.guarded_registry import guarded_registry
from scheduler.backends.models.limits import ModelTooLarge
from scheduler.backends.models.rest_registry import (
    CredentialsRefused,
    NoSuchModel,
    RegistryRefuses,
    RestRegistry,
    ServerRefuses,
    can_download,
    is_served_by_tracking_server,
    supports_rest,
)
from scheduler.backends.models.s3_objects import BucketReader, NothingThere, StoreRefuses, store_host
from shared.errors import InvalidInput
from shared.security.addresses import AddressRule
from shared.storage.objects import S3Credentials

STORES_SETTING = "SCHEDULER_ALLOWED_STORES"


def fetch_mount(request: dict[str, Any]) -> dict[str, Any]:
    """`{"digest": …}` of the files, which then lie under `<models>/<digest>`; or `{"error": kind, "message": …}`."""
    if request["kind"] == "s3":
        return _objects(request)
    return _artifact_elsewhere(request) if "access" in request else _artifact(request)


# ── MLflow ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _artifact(request: dict[str, Any]) -> dict[str, Any]:
    address = urlsplit(request["tracking_uri"])
    if address.scheme not in ("http", "https") or not supports_rest(os.environ):
        return _by_mlflow(request)
    registry = RestRegistry(request["tracking_uri"], os.environ)
    return translate_errors(lambda: _by_rest(registry, request), registry, request["uri"], host_of(address))


def _by_rest(registry: RestRegistry, request: dict[str, Any]) -> dict[str, Any]:
    try:
        where = artifacts_at(registry, request["uri"])
    except CredentialsRefused:
        return _by_mlflow(request)
    if not (can_download(where) or _is_local_file(where)):
        return _by_mlflow(request)
    return _stored(registry, request, where)


def _is_local_file(where: str) -> bool:
    parts = urlsplit(where)
    return parts.scheme in ("", "file") and Path(parts.path).is_file()


def _artifact_elsewhere(request: dict[str, Any]) -> dict[str, Any]:
    """From a tracking server that a user named: only what it serves itself, and none of its words."""
    server = f"registry {request['registry']}"
    registry = guarded_registry(request["access"])

    def ask() -> dict[str, Any]:
        try:
            where = artifacts_at(registry, request["uri"])
            if not is_served_by_tracking_server(where):
                raise RegistryRefuses("its artifacts are not served by the tracking server itself")
            return _stored(registry, request, where)
        except ServerRefuses as refused:
            raise RegistryRefuses(f"HTTP {refused.status}") from None

    return translate_errors(ask, registry, f"{request['uri']} of {server}", server)


def _stored(registry: RestRegistry, request: dict[str, Any], where: str) -> dict[str, Any]:
    def download(aside: Path) -> Path:
        return registry.download_any(where, aside, limits_of(request))

    return {"digest": store_model(Path(request["models"]), download)}


def artifacts_at(registry: RestRegistry, uri: str) -> str:
    """Where the artifacts of a URI lie. Raises as `RestRegistry.find`, and RegistryRefuses for what is no such URI."""
    scheme, _, rest = uri.partition(":")
    parts = [part for part in rest.split("/") if part]
    if not parts or any(part in (".", "..") for part in parts) or "\\" in rest:
        raise RegistryRefuses(f"{uri} names no artifact")
    if scheme == "models" and len(parts) == 2:
        return registry.find(*parts).artifacts
    if scheme == "models" and len(parts) == 1 and parts[0].startswith("m-"):
        return registry.logged_model_artifacts(parts[0])
    if scheme == "runs":
        run, *path = parts
        return "/".join((registry.run_artifacts(run).rstrip("/"), *path))
    if scheme == "mlflow-artifacts" and not rest.startswith("//"):
        return f"mlflow-artifacts:/{'/'.join(parts)}"
    raise RegistryRefuses(f"{uri} names no artifact: models:/name/3, runs:/<run id>/path, mlflow-artifacts:/path")


def _by_mlflow(request: dict[str, Any]) -> dict[str, Any]:
    def fetch(mlflow: Any) -> str:
        def download(aside: Path) -> Path:
            return download_by_mlflow(mlflow, request["uri"], aside, limits_of(request))

        return store_model(Path(request["models"]), download)

    return ask_mlflow(request, request["uri"], fetch)


# ── S3 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _objects(request: dict[str, Any]) -> dict[str, Any]:
    uri, given = request["uri"], request.get("credentials")
    reader = BucketReader.of(
        uri,
        request.get("endpoint"),
        S3Credentials(given["access_key"], given["secret_key"], given.get("session_token")) if given else None,
        AddressRule.of(request.get("allowed", ()), STORES_SETTING),
    )
    try:
        return {
            "digest": store_model(Path(request["models"]), lambda aside: reader.download(aside, limits_of(request)))
        }
    except NothingThere:
        return {"error": NOT_FOUND, "message": f"there is no object below {uri}"}
    except httpx.TransportError:
        return {"error": UNAVAILABLE, "message": f"the store at {store_host(request.get('endpoint'))} does not answer"}
    except ModelTooLarge as error:
        return {"error": TOO_LARGE, "message": f"{uri} is too large: {error}"}
    except (StoreRefuses, NoSuchModel, InvalidInput, httpx.InvalidURL, OSError) as error:
        return {"error": FAILED, "message": f"{uri} could not be fetched: {error}"[:500]}
    finally:
        reader.http.close()


if __name__ == "__main__":
    print(json.dumps(fetch_mount(json.load(sys.stdin))))
