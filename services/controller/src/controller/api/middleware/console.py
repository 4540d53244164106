"""The console's bundle: a folder of files, served beside the API to anybody (it holds nobody's data).

Names of files under `assets/` hold a hash of what is in them, so that browsers keep them for good; everything else is
asked for again each time. Only what is listed of the folder is served: no path leads out of it. It is listed at the
start, and again once its page was built anew.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

INDEX = "index.html"
RESERVED = ("/api", "/docs", "/healthz", "/readyz", "/metrics")
"""Not the console's, whatever its folder holds."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset({".png", ".ico", ".woff2"})
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class LoadedFile:
    """A file as it is sent: as it is, and compressed where that is worth it."""

    content: bytes
    compressed: bytes | None
    etag: str


class Bundle:
    """The files of a folder, each read and compressed when it is asked for first."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        self._loaded: dict[str, LoadedFile] = {}
        self._written_at: tuple[int, ...] = ()
        self._refresh()

    def _refresh(self) -> None:
        """List the folder again where it was built anew, which the times of its page and folders tell."""
        if self._folder is None:
            return
        try:
            written_at = tuple((self._folder / name).stat().st_mtime_ns for name in (INDEX, "."))
        except OSError:
            return  # it is being built, or was taken away: what has been loaded is still good
        assets = self._folder / "assets"
        written_at += (assets.stat().st_mtime_ns,) if assets.is_dir() else ()
        if written_at != self._written_at:
            self._written_at, self._files, self._loaded = written_at, _files_of(self._folder), {}

    def find(self, method: str, path: str, accept: str) -> str | None:
        """The name of the file that answers a request; empty where it leads to the page; None: it is not for us."""
        if path == "/":
            self._refresh()
        if method not in ("GET", "HEAD") or INDEX not in self._files or _is_reserved(path):
            return None
        if path.removeprefix("/") in self._files:
            return path.removeprefix("/")
        is_page = "text/html" in accept.lower() and "." not in path.rpartition("/")[2]
        return None if not is_page else INDEX if path == "/" else ""

    def holds(self, method: str, path: str, accept: str) -> bool:
        """Whether a request is for us."""
        return self.find(method, path, accept) is not None

    async def load(self, name: str) -> LoadedFile | None:
        """What to send of the file of that name; None: it is not there any more."""
        if (found := self._loaded.get(name)) is None:
            try:
                found = self._loaded[name] = await asyncio.to_thread(_load, self._files[name])
            except (KeyError, FileNotFoundError):
                return None
        return found


def installed_bundle() -> Path | None:
    """The files of the package `penstock-console`, where it is installed and has been built."""
    try:
        package = import_module("penstock_console")
    except ImportError:
        return None
    found: Path | None = package.bundle()
    return found


class ConsoleMiddleware:
    """ASGI middleware, behind authentication, which lets through what `bundle` finds."""

    def __init__(self, app: ASGIApp, *, bundle: Bundle) -> None:
        self._app = app
        self._bundle = bundle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file of the bundle, or pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = self._bundle.find(scope["method"], scope["path"], headers.get("accept", ""))
        if name is None:
            await self._app(scope, receive, send)
        elif not name:
            location = page_location(scope["path"], scope["query_string"])
            await Response(status_code=307, headers={**_HEADERS, "location": location})(scope, receive, send)
        elif (file := await self._bundle.load(name)) is not None:
            await _answer(name, file, headers)(scope, receive, send)
        else:
            await Response(status_code=404, headers=_HEADERS)(scope, receive, send)


def page_location(path: str, query: bytes) -> str:
    """Where a page without `#` in its address is, relative to it: the console may be behind a proxy's path prefix."""
    up = "../" * (path.count("/") - 1) or "./"
    return f"{up}#{quote(path)}" + (f"?{query.decode('latin-1')}" if query else "")


def _answer(name: str, file: LoadedFile, headers: Headers) -> Response:
    suffix = Path(name).suffix
    is_kept = name.startswith("assets/")
    is_small = file.compressed is not None and "gzip" in headers.get("accept-encoding", "").lower()
    told = {
        **_HEADERS,
        "cache-control": "public, max-age=31536000, immutable" if is_kept else "no-cache",
        "etag": f'"{file.etag}{"-gzip" if is_small else ""}"',
        "vary": "accept-encoding",
    }
    if told["etag"] in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=told)
    if is_small and file.compressed is not None:
        told["content-encoding"] = "gzip"
        return Response(file.compressed, 200, told, media_type=_TYPES.get(suffix, "application/octet-stream"))
    return Response(file.content, 200, told, media_type=_TYPES.get(suffix, "application/octet-stream"))


def _is_reserved(path: str) -> bool:
    return any(path == each or path.startswith(each + "/") for each in RESERVED)


def _files_of(folder: Path) -> dict[str, Path]:
    root = folder.resolve()
    found = {file.relative_to(root).as_posix(): file for file in root.rglob("*") if file.is_file()}
    return {
        name: file
        for name, file in found.items()
        if not any(part.startswith(".") for part in name.split("/")) and file.resolve().is_relative_to(root)
    }


def _load(file: Path) -> LoadedFile:
    content = file.read_bytes()
    compressed = None if file.suffix in _COMPRESSED_ALREADY else gzip.compress(content, mtime=0)
    if compressed is not None and len(compressed) >= len(content):
        compressed = None
    return LoadedFile(content, compressed, hashlib.sha256(content).hexdigest()[:32])
