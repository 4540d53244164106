"""Answers 503 for ever: its weights never come."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(503, "weights are still loading")


print("waiting for the weights", flush=True)
ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
