"""A registry of one image behind a login, as far as a pull needs it (OCI distribution, with Basic authentication)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.threaded_server import ThreadedServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
USER, PASSWORD = "puller", "pullers-password"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def layer_of(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


@dataclass
class ImageRegistry:
    """Serves `repository:1` and `latest`, an image of one layer; `push` makes both tags mean another one."""

    repository: str
    tag: str = ""
    password: str = PASSWORD
    blobs: dict[str, bytes] = field(default_factory=dict)
    pulls: int = 0
    refused: int = 0
    """Requests with a wrong login."""

    def __post_init__(self) -> None:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                registry.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadedServer(Handler)
        self.push({"hello": b"world"})

    @property
    def name(self) -> str:
        return f"{self.server.url.removeprefix('http://')}/{self.repository}"

    def push(self, files: dict[str, bytes]) -> str:
        """The digest that the tag has now."""
        layer = layer_of(files)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/hello"]},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
            }
        ).encode()
        parts = [
            {"mediaType": kind, "size": len(content), "digest": digest_of(content)}
            for kind, content in ((CONFIG, config), (LAYER, layer))
        ]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        written = json.dumps(manifest).encode()
        self.blobs |= {digest_of(content): content for content in (layer, config)}
        return self.offer(written)

    def offer(self, manifest: bytes) -> str:
        """Have the tags mean the image of a manifest, whose blobs are in `blobs` or with whoever pulls; its digest."""
        self.tag = digest_of(manifest)
        self.blobs[self.tag] = manifest
        return self.tag

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        login = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        given = request.headers.get("Authorization")
        if given != f"Basic {login}":
            self.refused += given is not None
            return self._send(request, 401, b"{}", {"WWW-Authenticate": 'Basic realm="here"'})
        if request.path == "/v2/":
            return self._send(request, 200, b"{}", {})
        kind, _, reference = request.path.removeprefix(f"/v2/{self.repository}/").partition("/")
        found = self.blobs.get(self.tag if reference in {"1", "latest"} else reference)
        if found is None:
            gone = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            return self._send(request, 404, json.dumps(gone).encode(), {})
        self.pulls += kind == "manifests" and request.command == "GET"
        what = MANIFEST if kind == "manifests" else "application/octet-stream"
        self._send(request, 200, found, {"Content-Type": what, "Docker-Content-Digest": digest_of(found)})

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
