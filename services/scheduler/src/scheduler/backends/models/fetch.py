"""Fetches one model version from MLflow: `python -m scheduler.backends.models.fetch`, a short-lived child process.

It speaks to the registry and the artifact store with the platform's credentials, which belong neither into the
scheduler for long nor into a pod. The usual registry is asked over REST; MLflow itself, 80 MB and three seconds of
imports, only for artifact stores that need its clients. Reads a JSON request on stdin, prints a JSON answer as the
last line of stdout. Loads no model: that is for pods alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from scheduler.backends.models.limits import (
    ModelLimits,
    ModelSizeMeter,
    ModelTooLarge,
    copy_file,
    copy_model,
    measure_model,
)
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
from shared.errors import InvalidInput

ABANDONED_AFTER_S = 6 * 3600
NOT_FOUND, UNAVAILABLE, FAILED, TOO_LARGE = "not_found", "away", "failed", "too_large"
_AWAY_CODES = frozenset({"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "DEADLINE_EXCEEDED"})
_AWAY_WORDS = ("Max retries exceeded", "failed with exception", "error code 5", "too many 5", "timed out")


def fetch_model(request: dict[str, Any]) -> dict[str, Any]:
    """`{"digest": …}` of the model, which then lies under `<models>/<digest>`; or `{"error": kind, "message": …}`."""
    if "access" in request:
        return _of_another_registry(request)
    address = urlsplit(request["tracking_uri"])
    if address.scheme not in ("http", "https") or not supports_rest(os.environ):
        return _by_mlflow(request)
    name = f"model {request['model']} version {request['version']}"
    registry = RestRegistry(request["tracking_uri"], os.environ)
    return translate_errors(lambda: _by_rest(registry, request), registry, name, host_of(address))


def _of_another_registry(request: dict[str, Any]) -> dict[str, Any]:
    """The same from a tracking server that a user named: only its own artifacts, and only from where it may be.

    MLflow's own client is kept out of it: an artifact's address could be a file of this machine, or a bucket that the
    platform's own credentials open.
    """
    from scheduler.backends.models.guarded_registry import guarded_registry  # noqa: PLC0415 - the usual one needs no pydantic

    server = f"registry {request['registry']}"
    name = f"model {request['model']} version {request['version']} of {server}"
    registry = guarded_registry(request["access"])
    return translate_errors(lambda: _from_elsewhere(registry, request), registry, name, server)


def _from_elsewhere(registry: RestRegistry, request: dict[str, Any]) -> dict[str, Any]:
    try:
        found = registry.find(request["model"], request["version"])
        models = Path(request["models"])
        index = _index(models, [request["registry"], request["access"]["url"], *found.identity])
        if digest := _indexed_digest(models, index):
            return {"digest": digest}
        if not is_served_by_tracking_server(found.artifacts):
            raise RegistryRefuses("its artifacts are not served by the tracking server itself")
        digest = store_model(models, lambda aside: registry.download(found.artifacts, aside, limits_of(request)))
    except ServerRefuses as refused:
        # Not its words: they may hold what it was sent.
        raise RegistryRefuses(f"HTTP {refused.status}") from None
    _write_index(index, digest)
    return {"digest": digest}


def translate_errors(
    ask: Callable[[], dict[str, Any]], registry: RestRegistry, name: str, server: str
) -> dict[str, Any]:
    """What `ask` answers, or the error in words; closes the registry."""
    try:
        return ask()
    except NoSuchModel:
        return {"error": NOT_FOUND, "message": f"{name} does not exist in MLflow"}
    except httpx.TransportError:
        return {"error": UNAVAILABLE, "message": f"MLflow at {server} does not answer"}
    except ModelTooLarge as error:
        return {"error": TOO_LARGE, "message": f"{name} is too large: {error}"}
    except (RegistryRefuses, InvalidInput, OSError, shutil.Error) as error:
        return {"error": FAILED, "message": f"{name} could not be fetched: {error}"[:500]}
    finally:
        registry.close()


def _by_rest(registry: RestRegistry, request: dict[str, Any]) -> dict[str, Any]:
    try:
        found = registry.find(request["model"], request["version"])
    except CredentialsRefused:
        return _by_mlflow(request)
    models = Path(request["models"])
    index = _index(models, [request["tracking_uri"], *found.identity])
    if digest := _indexed_digest(models, index):
        return {"digest": digest}
    if not can_download(found.artifacts):
        return _by_mlflow(request)
    digest = store_model(models, lambda aside: registry.download(found.artifacts, aside, limits_of(request)))
    _write_index(index, digest)
    return {"digest": digest}


def _by_mlflow(request: dict[str, Any]) -> dict[str, Any]:
    name = f"model {request['model']} version {request['version']}"
    return ask_mlflow(request, name, lambda mlflow: _fetch(mlflow, request))


def ask_mlflow(request: dict[str, Any], name: str, fetch: Callable[[Any], str]) -> dict[str, Any]:
    """The digest that `fetch` gives, by MLflow's own client of `request["tracking_uri"]`; or the error, in words."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow  # noqa: PLC0415 - the settings above have to stand first
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    mlflow.set_tracking_uri(request["tracking_uri"])
    try:
        return {"digest": fetch(mlflow)}
    except ModelTooLarge as error:
        return {"error": TOO_LARGE, "message": f"{name} is too large: {error}"}
    except MlflowException as error:
        return _mlflow_error(error, name, urlsplit(request["tracking_uri"]))
    except Exception as error:  # noqa: BLE001 - artifact stores raise whatever their libraries raise
        kind = UNAVAILABLE if _is_connection(error) else FAILED
        return {"error": kind, "message": f"{name} could not be fetched: {type(error).__name__}: {error}"[:500]}


def _is_connection(error: Exception) -> bool:
    names = [kind.__name__ for kind in type(error).__mro__]
    return any("Connection" in name or "Timeout" in name for name in names)


def _mlflow_error(error: Any, name: str, address: SplitResult) -> dict[str, Any]:
    if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
        return {"error": NOT_FOUND, "message": f"{name} does not exist in MLflow"}
    text = str(error)
    if error.error_code in _AWAY_CODES or any(words in text for words in _AWAY_WORDS):
        return {"error": UNAVAILABLE, "message": f"MLflow at {host_of(address)} does not answer"}
    return {"error": FAILED, "message": f"{name}: {text}"[:500]}


def host_of(address: SplitResult) -> str:
    """Without user and password."""
    return address.netloc.rpartition("@")[2] or f"{address.scheme}:{address.path}"


def _fetch(mlflow: Any, request: dict[str, Any]) -> str:
    """Digest of the model version; what the registry says of it names an earlier download, if there was one."""
    models = Path(request["models"])
    found = mlflow.MlflowClient().get_model_version(request["model"], request["version"])
    identity = [found.name, found.version, found.creation_timestamp, found.source, found.run_id]
    index = _index(models, [request["tracking_uri"], *map(str, identity)])
    if digest := _indexed_digest(models, index):
        return digest
    uri = f"models:/{request['model']}/{request['version']}"

    digest = store_model(models, lambda aside: download_by_mlflow(mlflow, uri, aside, limits_of(request)))
    _write_index(index, digest)
    return digest


def download_by_mlflow(mlflow: Any, uri: str, aside: Path, limits: ModelLimits) -> Path:
    """What lies at `uri`, in a folder: `aside`, or one below it. Raises ModelTooLarge, and what MLflow raises."""
    meter = ModelSizeMeter(limits)
    got = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(aside)))
    if got.is_file():
        return copy_file(got, aside / "copy", meter)
    if got.is_relative_to(aside):
        measure_model(got, meter)
        return got
    return copy_model(got, aside / "copy", meter)  # a store on this machine answers with its own folder


def limits_of(request: dict[str, Any]) -> ModelLimits:
    """How large it may be."""
    return ModelLimits.of(request.get("limits"))


def _index(models: Path, identity: list[str]) -> Path:
    return models / "index" / hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _indexed_digest(models: Path, index: Path) -> str | None:
    digest = index.read_text(errors="replace") if index.is_file() else None
    return digest if digest and (models / digest).is_dir() else None


def _write_index(index: Path, digest: str) -> None:
    index.parent.mkdir(exist_ok=True)
    aside = index.with_suffix(f".{os.getpid()}")
    aside.write_text(digest)
    aside.replace(index)


def store_model(models: Path, download: Callable[[Path], Path]) -> str:
    """Download into a folder aside, then move it to the place that its contents name."""
    models.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(models)
    aside = Path(tempfile.mkdtemp(prefix=".fetching-", dir=models))
    try:
        source = download(aside)
        digest = digest_of(source)
        if not (models / digest).exists():
            source.rename(models / digest)
            _make_read_only(models / digest)
        return digest
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _remove_abandoned(models: Path) -> None:
    """Drop what fetches that were killed have left; none takes as long as this."""
    for left in models.glob(".fetching-*"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and contents of every file, in order."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def _make_read_only(folder: Path) -> None:
    """Read-only, for pods that run as somebody else too."""
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


if __name__ == "__main__":
    print(json.dumps(fetch_model(json.load(sys.stdin))))
