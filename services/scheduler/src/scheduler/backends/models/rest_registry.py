"""A model version over MLflow's REST API and its artifact proxy: what an import of MLflow would take seconds for.

Only for tracking servers over HTTP whose artifacts lie behind the same server (`mlflow-artifacts:`) or in a folder of
this machine; `artifacts_within_reach` says which these are. Credentials are MLflow's own environment variables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from scheduler.backends.models.limits import ModelLimits, ModelSizeMeter, copy_file, copy_model

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
TIMEOUT = httpx.Timeout(20.0, read=60.0)
MAX_LISTING = 16 * 1024 * 1024
"""Bytes of an answer that is not a file."""


class NoSuchModel(Exception):
    """The registry does not have it."""


class RegistryRefuses(Exception):
    """The registry answers with an error, or with something else than a model; the text says which."""


class ServerRefuses(RegistryRefuses):
    """As `RegistryRefuses`, in the server's own words."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class CredentialsRefused(ServerRefuses):
    """The registry does not take these credentials; MLflow's own client may know others."""


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as the registry knows it; `identity` changes when the same name means something else."""

    identity: tuple[str, ...]
    artifacts: str


class RestRegistry:
    """One tracking server. Everything raises httpx.TransportError while it does not answer.

    A `transport` is for those that are not ours; then neither proxies nor redirects are used.
    """

    def __init__(
        self, tracking_uri: str, environ: Mapping[str, str], transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=tracking_uri.rstrip("/"),
            timeout=TIMEOUT,
            transport=transport,
            trust_env=transport is None,
            follow_redirects=transport is None,
            verify=_verify(environ),
            cert=environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None,
            **_credentials(environ),
        )

    def find(self, model: str, version: str) -> RegisteredVersion:
        """Raises NoSuchModel, CredentialsRefused, RegistryRefuses."""
        asked = {"name": model, "version": version}
        found = self._json(f"{API}/model-versions/get", asked).get("model_version")
        uri = self._json(f"{API}/model-versions/get-download-uri", asked).get("artifact_uri")
        if not isinstance(found, dict) or not isinstance(uri, str):
            raise RegistryRefuses("the answer is not MLflow's")
        known = ("name", "version", "creation_timestamp", "source", "run_id")
        return RegisteredVersion(tuple(str(found.get(name, "")) for name in known), uri)

    def run_artifacts(self, run: str) -> str:
        """Where a run keeps its artifacts. Raises as `find`."""
        found = self._json(f"{API}/runs/get", {"run_id": run}).get("run")
        info = found.get("info") if isinstance(found, dict) else None
        uri = info.get("artifact_uri") if isinstance(info, dict) else None
        if not isinstance(uri, str):
            raise RegistryRefuses("the answer is not MLflow's")
        return uri

    def logged_model_artifacts(self, model: str) -> str:
        """Where a logged model (MLflow 3, `m-…`) keeps its artifacts. Raises as `find`."""
        found = self._json(f"{API}/logged-models/{quote(model, safe='')}", {}).get("model")
        info = found.get("info") if isinstance(found, dict) else None
        uri = info.get("artifact_uri") if isinstance(info, dict) else None
        if not isinstance(uri, str):
            raise RegistryRefuses("the answer is not MLflow's")
        return uri

    def download_any(self, artifacts: str, folder: Path, limits: ModelLimits) -> Path:
        """As `download`, of a single file too: a folder with that file in it. Raises NoSuchModel for nothing."""
        parts = urlsplit(artifacts)
        path = PurePosixPath(unquote(parts.path))
        if parts.scheme in ("", "file") and Path(path).is_file():
            return copy_file(Path(path), folder, ModelSizeMeter(limits))
        got = self.download(artifacts, folder, limits)
        if not any(got.iterdir()):
            try:
                self._download_file(parts.path.strip("/"), _below(folder, path.name), ModelSizeMeter(limits))
            except ServerRefuses as refused:
                raise NoSuchModel(f"there is nothing at {artifacts}") from refused
        return got

    def download(self, artifacts: str, folder: Path, limits: ModelLimits) -> Path:
        """The model's files, in `folder` or in a folder below it. Raises RegistryRefuses, ModelTooLarge."""
        parts = urlsplit(artifacts)
        meter = ModelSizeMeter(limits)
        if parts.scheme in ("", "file"):
            return copy_model(Path(unquote(parts.path)), folder / "copy", meter)
        root = parts.path.strip("/")
        for path, is_folder in self._walk(root, meter):
            target = _below(folder, path)
            if is_folder:
                target.mkdir(parents=True, exist_ok=True)
            else:
                self._download_file(f"{root}/{path}", target, meter)
        return folder

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _walk(self, root: str, meter: ModelSizeMeter) -> Iterator[tuple[str, bool]]:
        """Everything under `root`: (path from there, whether it is a folder)."""
        folders = [""]
        while folders:
            below = folders.pop()
            listed = self._json(ARTIFACTS, {"path": f"{root}/{below}".rstrip("/")})
            for file in listed.get("files", []):
                path = f"{below}/{PurePosixPath(str(file['path'])).name}".lstrip("/")
                meter.count_file(path)
                yield path, bool(file.get("is_dir"))
                if file.get("is_dir"):
                    folders.append(path)

    def _download_file(self, path: str, target: Path, meter: ModelSizeMeter) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._http.stream("GET", f"{ARTIFACTS}/{quote(path)}") as answer:
            _check(answer)
            with target.open("wb") as file:
                for chunk in answer.iter_bytes(1024 * 1024):
                    meter.count_bytes(len(chunk))
                    file.write(chunk)

    def _json(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        with self._http.stream("GET", path, params=asked) as answer:
            _check(answer)
            content = bytearray()
            for chunk in answer.iter_bytes(64 * 1024):
                content += chunk
                if len(content) > MAX_LISTING:
                    raise RegistryRefuses(f"an answer has more than {MAX_LISTING} bytes")
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise RegistryRefuses("the answer is not MLflow's")
        return found


def can_download(artifacts: str) -> bool:
    """Whether `download` can fetch from there; all else is for MLflow's own clients."""
    parts = urlsplit(artifacts)
    return is_served_by_tracking_server(artifacts) or (
        parts.scheme in ("", "file") and parts.netloc in ("", "localhost") and Path(unquote(parts.path)).is_dir()
    )


def is_served_by_tracking_server(artifacts: str) -> bool:
    """Whether the tracking server itself serves these artifacts."""
    parts = urlsplit(artifacts)
    return parts.scheme == "mlflow-artifacts" and not parts.netloc


def supports_rest(environ: Mapping[str, str]) -> bool:
    """Whether this client can do all that MLflow's would: no request signing, plug-ins or workspaces."""
    is_signed = environ.get("MLFLOW_TRACKING_AWS_SIGV4", "").lower() in ("true", "1")
    return not is_signed and not environ.get("MLFLOW_TRACKING_AUTH") and not environ.get("MLFLOW_WORKSPACE")


def _below(folder: Path, path: str) -> Path:
    """A place in `folder`, whatever a server calls its files. Raises RegistryRefuses."""
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise RegistryRefuses(f"the registry has a file with the name {path!r}")
    return folder / path


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code in (429, 502, 503, 504):
        raise httpx.TransportError(f"HTTP {answer.status_code}")
    if answer.status_code in (401, 403):
        raise CredentialsRefused(f"HTTP {answer.status_code}", answer.status_code)
    try:
        said = json.loads(next(answer.iter_bytes(64 * 1024), b""))
        code, message = str(said["error_code"]), str(said["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code, message = "", f"HTTP {answer.status_code}"
    if code == "RESOURCE_DOES_NOT_EXIST":
        raise NoSuchModel(message)
    raise ServerRefuses(message, answer.status_code)


def _credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    user, password = environ.get("MLFLOW_TRACKING_USERNAME"), environ.get("MLFLOW_TRACKING_PASSWORD")
    if user and password:
        return {"auth": httpx.BasicAuth(user, password)}
    token = environ.get("MLFLOW_TRACKING_TOKEN")
    return {"headers": {"Authorization": f"Bearer {token}"}} if token else {}


def _verify(environ: Mapping[str, str]) -> Any:
    if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        return False
    authority = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or environ.get("REQUESTS_CA_BUNDLE")
    if not authority:
        return True
    import ssl  # noqa: PLC0415 - few need it, and every start of this child is waited for

    if Path(authority).is_dir():
        return ssl.create_default_context(capath=authority)
    return ssl.create_default_context(cafile=authority)
