"""The registry over REST: what its answers may not do to us, and what its client must not cost."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scheduler.backends.models.fetch import fetch_model
from scheduler.backends.models.limits import ModelLimits, ModelSizeMeter, ModelTooLarge, copy_model

FILES: dict[str, list[dict[str, Any]]] = {}
STATUS = {"download": 200}
FIND = {"status": 200}


class Registry(BaseHTTPRequestHandler):
    """MLflow's paths, with the files that a test wants."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path.endswith("/model-versions/get"):
            if FIND["status"] != 200 or asked["name"] == "odd":
                return self.say(FIND["status"], {"something": "else"})
            if asked["name"] == "lost":
                return self.say(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"})
            return self.say(200, {"model_version": {**asked, "creation_timestamp": 1, "source": asked["version"]}})
        if url.path.endswith("/get-download-uri"):
            return self.say(200, {"artifact_uri": f"mlflow-artifacts:/{asked['name']}"})
        if url.path.endswith("/artifacts"):
            if asked["path"].startswith("endless"):
                return self.say(200, {"files": [{"path": f"{asked['path']}/x", "is_dir": True}]})
            return self.say(200, {"files": FILES.get(asked["path"], [])})
        if url.path.endswith("/bomb.bin"):
            return self.send(200, gzip.compress(b"0" * 4_000_000), {"Content-Encoding": "gzip"})
        self.say(STATUS["download"], {"name": "a file"})

    def say(self, status: int, body: Any) -> None:
        self.send(status, json.dumps(body).encode(), {})

    def send(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def ask(registry: str, models: Path, model: str = "wine", version: str = "1") -> dict[str, Any]:
    return fetch_model({"tracking_uri": registry, "model": model, "version": version, "models": str(models)})


def test_a_model_with_folders_is_fetched_whole(registry: str, tmp_path: Path) -> None:
    FILES["deep"] = [{"path": "deep/MLmodel"}, {"path": "deep/data", "is_dir": True}]
    FILES["deep/data"] = [{"path": "deep/data/weights of it.bin"}, {"path": "deep/data/more", "is_dir": True}]
    FILES["deep/data/more"] = [{"path": "deep/data/more/x"}]
    folder = tmp_path / ask(registry, tmp_path, "deep")["digest"]
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"MLmodel", "data/weights of it.bin", "data/more/x"}


@pytest.mark.parametrize("name", ["..", "a\\..\\b"])
def test_no_file_is_written_outside_the_model(registry: str, tmp_path: Path, name: str) -> None:
    FILES["hostile"] = [{"path": f"hostile/{name}"}]
    said = ask(registry, tmp_path / "models", "hostile")
    assert said["error"] == "failed"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_path_elsewhere_is_only_a_name(registry: str, tmp_path: Path) -> None:
    FILES["sly"] = [{"path": "/etc/passwd"}, {"path": "../../evil"}]
    folder = tmp_path / ask(registry, tmp_path, "sly")["digest"]
    assert {path.name for path in folder.iterdir()} == {"passwd", "evil"}


LIMITS = {"max_bytes": 1_000_000, "max_files": 40, "max_depth": 5}


@pytest.mark.parametrize(
    ("model", "files", "named"),
    [
        ("bombs", [{"path": "bombs/bomb.bin"}], "more than 0.000931 GiB (SCHEDULER_MAX_MODEL_GB)"),
        (
            "many",
            [{"path": f"many/{number}"} for number in range(41)],
            "more than 40 files (SCHEDULER_MAX_MODEL_FILES)",
        ),
        ("endless", [], "more than 5 deep (SCHEDULER_MAX_MODEL_DEPTH)"),
    ],
)
def test_a_model_that_is_too_large_is_given_up(
    registry: str, tmp_path: Path, model: str, files: list[dict[str, Any]], named: str
) -> None:
    """By its bytes as stored (compressed it has 4 KB), its files, its depth."""
    FILES[model] = files
    said = fetch_model(
        {"tracking_uri": registry, "model": model, "version": "1", "models": str(tmp_path), "limits": LIMITS}
    )
    assert said["error"] == "too_large"
    assert named in said["message"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_model_on_this_machine_is_bounded_too_and_has_no_links_out_of_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "data").mkdir(parents=True)
    (source / "data" / "x").write_text("12345")
    copied = copy_model(source, tmp_path / "copy", ModelSizeMeter(ModelLimits()))
    assert (copied / "data" / "x").read_text() == "12345"
    with pytest.raises(ModelTooLarge):
        copy_model(source, tmp_path / "small", ModelSizeMeter(ModelLimits(max_bytes=4)))
    (source / "data" / "link").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="data/link is a link out"):
        copy_model(source, tmp_path / "linked", ModelSizeMeter(ModelLimits()))


def test_what_is_not_there_and_who_does_not_answer(registry: str, tmp_path: Path) -> None:
    assert ask(registry, tmp_path, "lost") == {
        "error": "not_found",
        "message": "model lost version 1 does not exist in MLflow",
    }
    assert ask("http://user:secret@127.0.0.1:9", tmp_path) == {
        "error": "away",
        "message": "MLflow at 127.0.0.1:9 does not answer",
    }


@pytest.mark.parametrize(("status", "error"), [(503, "away"), (403, "failed")])
def test_a_download_that_is_refused_leaves_nothing(registry: str, tmp_path: Path, status: int, error: str) -> None:
    FILES["half"] = [{"path": "half/one"}]
    STATUS["download"] = status
    try:
        assert ask(registry, tmp_path, "half")["error"] == error
    finally:
        STATUS["download"] = 200
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert "digest" in ask(registry, tmp_path, "half")


def test_credentials_of_another_kind_are_left_to_mlflow(registry: str, tmp_path: Path) -> None:
    """Its own client is asked, and answers in the same words, where this one is not let in or cannot sign."""
    assert "digest" in ask(registry, tmp_path / "models", "wine", "7")
    FIND["status"] = 401
    try:
        said = by_child(registry, tmp_path, {})
    finally:
        FIND["status"] = 200
    assert (said["error"], "mlflow" in said["imported"]) == ("failed", True)
    for settings in ({"MLFLOW_TRACKING_AWS_SIGV4": "true"}, {"MLFLOW_WORKSPACE": "team"}):
        assert "mlflow" in by_child(registry, tmp_path, settings)["imported"]


def by_child(registry: str, models: Path, settings: dict[str, str]) -> dict[str, Any]:
    """The answer of a process with these variables, and what it has imported."""
    question = {"tracking_uri": registry, "model": "wine", "version": "8", "models": str(models)}
    script = (
        "import json, sys; from scheduler.backends.models.fetch import fetch_model; "
        "found = fetch_model(json.load(sys.stdin));"
        "print(json.dumps(found | {'imported': sorted({'mlflow'} & set(sys.modules))}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(question), capture_output=True, text=True, check=True, env=dict(os.environ) | settings,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_what_is_no_answer_of_mlflow_s_is_said(registry: str, tmp_path: Path) -> None:
    assert ask(registry, tmp_path, "odd")["message"].endswith("the answer is not MLflow's")


def test_the_fetching_child_imports_no_mlflow(registry: str, tmp_path: Path) -> None:
    FILES["lean"] = [{"path": "lean/MLmodel"}]
    question = {"tracking_uri": registry, "model": "lean", "version": "1", "models": str(tmp_path)}
    script = (
        "import json, sys; from scheduler.backends.models.fetch import fetch_model; "
        "found = fetch_model(json.load(sys.stdin));"
        "print(json.dumps([found, sorted({'mlflow', 'pandas', 'numpy', 'sklearn', 'sqlalchemy'} & set(sys.modules))]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(question), capture_output=True, text=True, check=True
    )
    found, imported = json.loads(ended.stdout)
    assert (list(found), imported) == (["digest"], [])
