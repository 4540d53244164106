"""A pod small enough to start in 50 ms: answers `/ping`, and does what its environment file tells it to.

`python fake_pod.py <folder> --fd N` (or `--port N`): `<folder>/say` is printed at the start; `<folder>/fail` makes it
exit with that code at once; `<folder>/eat` makes it take so many MiB; `<folder>/burn` has it compute in a process
beside it; `<folder>/unready` makes `/ping` answer 503; `<folder>/check` is the answer to `/check`, else 404;
`<folder>/revision` is the revision of its health answers; SIGTERM ends it with 0.
"""

import http.server
import os
import signal
import socket
import sys
from pathlib import Path

folder = Path(sys.argv[1])
print("fake pod", os.environ["PENSTOCK_POD"], flush=True)
if (folder / "say").exists():
    print((folder / "say").read_text(), flush=True)
if (folder / "fail").exists():
    print("Traceback: the model is broken", file=sys.stderr, flush=True)
    sys.exit(int((folder / "fail").read_text()))
if (folder / "eat").exists():
    eaten = bytearray(int((folder / "eat").read_text()) << 20)
    eaten[::4096] = b"x" * len(eaten[::4096])
if (folder / "burn").exists() and os.fork() == 0:
    while True:
        pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        unready = self.path == "/ping" and (folder / "unready").exists()
        check = folder / "check"
        unknown = self.path == "/check" and not check.exists()
        body = check.read_bytes() if self.path == "/check" and not unknown else b""
        self.send_response(503 if unready else 404 if unknown else 200)
        self.send_header("Content-Length", str(len(body)))
        if (folder / "revision").exists():
            self.send_header("X-Penstock-Revision", (folder / "revision").read_text())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = http.server.ThreadingHTTPServer(("", 0), Answers, bind_and_activate=False)
server.socket.close()
if "--fd" in sys.argv:
    server.socket = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
else:
    server.socket = socket.create_server(("", int(sys.argv[sys.argv.index("--port") + 1])))
server.serve_forever()
