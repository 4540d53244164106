"""Somebody's own HTTP server, which knows nothing of the platform: what an image may have in it. Standard library."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/up" else 404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = {
            "path": self.path,
            "body": body.decode(),
            "type": self.headers.get("Content-Type"),
            "headers": sorted(name.lower() for name in self.headers),
            "environment": {
                name: value for name, value in os.environ.items() if name in ("MODE", "KEY") or "PENSTOCK" in name
            },
            "files": {path: read(path) for path in sys.argv[2:]},
            "writable": [path for path in sys.argv[2:] if os.access(path, os.W_OK)],
            "user": os.getuid(),
        }
        self.answer(200, json.dumps(told).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        print(self.command, self.path, flush=True)


def read(path: str) -> list[str] | str:
    found = Path(path)
    return sorted(each.name for each in found.iterdir()) if found.is_dir() else found.read_text()


print("listening", flush=True)
ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
