"""Files that images mount: artifacts of MLflow and objects of a bucket, fetched once, bounded, by whose login."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.models.fetch_mount import fetch_mount
from scheduler.backends.preparation.mounts import MountCache
from scheduler.domain.values import PodNote
from shared.contracts.deployment import ArtifactMount, Deployment, FileMount, ImageSource, S3Mount
from shared.contracts.rpc.controller import ImageSecret
from shared.errors import Unavailable

ARTIFACTS = {"1/r1/artifacts/model/MLmodel": b"flavor", "1/r1/artifacts/model/data/w.bin": b"1234", "1/r1/x.txt": b"x"}
OBJECTS = {"code/app.py": b"print()", "code/lib/a b.py": b"1", "code/": b"", "codex/other.py": b"no", "one.txt": b"1"}
CREDENTIALS = {"access_key": "AK", "secret_key": "hush"}


class Stores(BaseHTTPRequestHandler):
    """MLflow's paths and a bucket's, by path; what was asked, and with which authorisation."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.asked.append((url.path, self.headers.get("Authorization", "")))
        if url.path.endswith("/runs/get"):
            return self.say(
                200, {"run": {"info": {"artifact_uri": f"mlflow-artifacts:/1/{query['run_id']}/artifacts"}}}
            )
        if url.path.endswith("/logged-models/m-7"):
            return self.say(200, {"model": {"info": {"artifact_uri": "mlflow-artifacts:/1/r1/artifacts/model"}}})
        if url.path.endswith("/artifacts"):
            return self.say(200, {"files": self._listed(query["path"])})
        if "/artifacts/" in url.path:
            found = ARTIFACTS.get(url.path.partition("/mlflow-artifacts/artifacts/")[2])
            return self.send(200, found) if found is not None else self.say(404, {"error_code": "X", "message": "no"})
        if url.path == "/bucket/":
            return self._keys(query.get("prefix", ""), query.get("continuation-token"))
        if url.path.startswith("/closed/"):
            return self.send(403, b"<Error><Code>AccessDenied</Code><AWSAccessKeyId>AK</AWSAccessKeyId></Error>")
        found = {f"/bucket/{quote(key)}": content for key, content in OBJECTS.items()}.get(url.path)
        self.send(200 if found is not None else 404, found or b"")

    def _listed(self, path: str) -> list[dict[str, Any]]:
        below = [name[len(path) + 1 :] for name in ARTIFACTS if name.startswith(f"{path}/")]
        names = sorted({name.partition("/")[0]: "/" in name for name in below}.items())
        return [{"path": f"{path}/{name}", "is_dir": is_folder} for name, is_folder in names]

    def _keys(self, prefix: str, token: str | None) -> None:
        """Two keys a page."""
        keys = [key for key in sorted(OBJECTS) if key.startswith(prefix)]
        at = int(token or 0)
        page = "".join(f"<Contents><Key>{quote(key)}</Key></Contents>" for key in keys[at : at + 2])
        more = f"<NextContinuationToken>{at + 2}</NextContinuationToken>" if at + 2 < len(keys) else ""
        self.send(200, f"<ListBucketResult>{page}{more}</ListBucketResult>".encode())

    def say(self, status: int, body: Any) -> None:
        self.send(status, json.dumps(body).encode())

    def send(self, status: int, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def stores() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stores)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def artifact(stores: str, models: Path, uri: str) -> dict[str, Any]:
    return fetch_mount({"kind": "artifact", "uri": uri, "tracking_uri": stores, "models": str(models)})


def objects(stores: str, models: Path, uri: str, **more: Any) -> dict[str, Any]:
    asked = {"kind": "s3", "uri": uri, "endpoint": stores, "models": str(models), "allowed": ["127.0.0.1"]}
    return fetch_mount({**asked, **more})


@pytest.mark.parametrize("uri", ["runs:/r1/model", "mlflow-artifacts:/1/r1/artifacts/model", "models:/m-7"])
def test_a_folder_of_artifacts_is_had_whole(stores: str, tmp_path: Path, uri: str) -> None:
    found = artifact(stores, tmp_path, uri)
    assert files(tmp_path / found["digest"]) == {"MLmodel": b"flavor", "data/w.bin": b"1234"}


def test_one_file_of_a_run_is_a_folder_with_that_file(stores: str, tmp_path: Path) -> None:
    found = artifact(stores, tmp_path, "mlflow-artifacts:/1/r1/x.txt")
    assert files(tmp_path / found["digest"]) == {"x.txt": b"x"}


@pytest.mark.parametrize(
    "uri", ["runs:/r1/../../2", "mlflow-artifacts://elsewhere/1", "models:/wine", "file:///etc", ""]
)
def test_what_names_no_artifact_is_refused(stores: str, tmp_path: Path, uri: str) -> None:
    said = artifact(stores, tmp_path, uri)
    assert said["error"] == "failed"
    assert "names no artifact" in said["message"]


def test_an_artifact_that_is_not_there_is_said_to_be_so(stores: str, tmp_path: Path) -> None:
    assert artifact(stores, tmp_path, "runs:/r1/nothing")["error"] == "not_found"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/code", {"app.py": b"print()", "lib/a b.py": b"1"}),
        ("s3://bucket/code/", {"app.py": b"print()", "lib/a b.py": b"1"}),
        ("s3://bucket/one.txt", {"one.txt": b"1"}),
    ],
)
def test_objects_below_a_prefix_are_had_page_by_page(
    stores: str, tmp_path: Path, uri: str, expected: dict[str, bytes]
) -> None:
    assert files(tmp_path / objects(stores, tmp_path, uri)["digest"]) == expected


def test_requests_are_signed_where_there_are_credentials_and_only_then(stores: str, tmp_path: Path) -> None:
    Stores.asked.clear()
    objects(stores, tmp_path, "s3://bucket/code")
    assert {sign for _, sign in Stores.asked} == {""}
    Stores.asked.clear()
    objects(stores, tmp_path, "s3://bucket/code", credentials=CREDENTIALS)
    assert all(sign.startswith("AWS4-HMAC-SHA256 Credential=AK/") for _, sign in Stores.asked)


def test_a_store_may_refuse_and_nothing_of_its_words_is_shown(stores: str, tmp_path: Path) -> None:
    said = objects(stores, tmp_path, "s3://closed/x", credentials=CREDENTIALS)
    assert said["error"] == "failed"
    assert said["message"].endswith(
        "could not be fetched: the store denies access: the credentials may not do this in bucket closed"
    )
    assert objects(stores, tmp_path, "s3://bucket/nothing") == {
        "error": "not_found",
        "message": "there is no object below s3://bucket/nothing",
    }
    limits = {"max_bytes": 3, "max_files": 10, "max_depth": 5}
    assert objects(stores, tmp_path, "s3://bucket/code", limits=limits)["error"] == "too_large"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_store_in_the_platforms_own_network_has_to_be_allowed(stores: str, tmp_path: Path) -> None:
    said = objects(stores, tmp_path, "s3://bucket/code", allowed=[])
    assert said["error"] == "failed"
    assert "an administrator can allow it with SCHEDULER_ALLOWED_STORES" in said["message"]


# ── the cache ────────────────────────────────────────────────────────────────────────────────────────────────────────


def version(stores: str, credentials: str | None = None) -> Deployment:
    mounts = (
        FileMount(path="/etc/app.yaml", content="a: 1"),
        ArtifactMount(path="/model", uri="runs:/r1/model"),
        S3Mount(path="/code", uri="s3://bucket/code", endpoint=stores, credentials=credentials),
    )
    return wanted(1).model_copy(update={"model_source": ImageSource(image="r.io/app:1", mounts=mounts)})


def cache(stores: str, folder: Path, secret: ImageSecret | Exception) -> MountCache:
    async def ask(_: UUID, name: str) -> ImageSecret:
        assert name == "bucket-key"
        if isinstance(secret, Exception):
            raise secret
        return secret

    async def no_registry(_: str) -> Any:
        raise AssertionError

    return MountCache(ModelCache(folder, stores, {}, no_registry), ask, ["127.0.0.1"])


async def test_a_version_gets_the_same_bytes_each_time_with_the_store_away_too(stores: str, tmp_path: Path) -> None:
    secret = ImageSecret(kind="s3", fields=CREDENTIALS)
    deployment, notes = version(stores, "bucket-key"), list[PodNote]()
    mounts = cache(stores, tmp_path, secret)
    folders = [await mounts.fetch(deployment, "t", number, notes.append) for number in (1, 2)]
    assert [set(files(folder)) for folder in folders] == [{"MLmodel", "data/w.bin"}, {"app.py", "lib/a b.py"}]
    assert [note.reason for note in notes] == ["FetchingFiles", "FilesFetched"] * 2
    assert "hush" not in repr(notes)

    gone = cache("http://127.0.0.1:9", tmp_path, Unavailable("no controller"))
    assert [await gone.fetch(deployment, "t.7", number, notes.append) for number in (1, 2)] == folders
    assert len(notes) == 4


@pytest.mark.parametrize(
    ("secret", "raised"),
    [
        (Unavailable("no controller"), RegistryUnavailable),
        (ImageSecret(kind="registry", fields={"username": "u", "password": "p"}), PreparationFailed),
    ],
)
async def test_a_secret_that_cannot_be_had_is_waited_for_or_named(
    stores: str, tmp_path: Path, secret: ImageSecret | Exception, raised: type[Exception]
) -> None:
    with pytest.raises(raised, match="bucket-key"):
        await cache(stores, tmp_path, secret).fetch(version(stores, "bucket-key"), "t", 2, lambda _: None)
