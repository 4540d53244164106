"""Answers as a model server does, to whoever has its token; does what its variables and `POST /do/…` tell it to.

`SAY`: printed at the start; `FAIL`: exits with that code at once; `/do/exit/3`, `/do/eat/500` (MiB), `/do/unready`,
`/do/hang`, `/do/print/100/200` (lines, bytes each).
"""

import http.server
import os
import signal
import sys
import threading
import time

token = os.environ.pop("PENSTOCK_POD_TOKEN")
print("fake pod", os.environ["PENSTOCK_POD"], flush=True)
if os.environ.get("SAY"):
    print(os.environ["SAY"], flush=True)
if os.environ.get("FAIL"):
    print("Traceback: the model is broken", file=sys.stderr, flush=True)
    sys.exit(int(os.environ["FAIL"]))
eaten: list[bytearray] = []
state = {"ready": True, "hangs": False, "printed": 0}


def stop(*_: object) -> None:
    print("asked to end", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, stop)


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        while state["hangs"]:
            time.sleep(1)
        if self.headers.get("X-Penstock-Pod-Token") != token:
            return self.answer(401)
        if self.path == "/check":
            return self.answer(404)
        self.answer(200 if self.path != "/ping" or state["ready"] else 503)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/predict":
            return self.answer(200, os.environ["PENSTOCK_POD"].encode())
        what, *numbers = self.path.removeprefix("/do/").split("/")
        self.answer(204)
        if what == "exit":
            print("it ends", flush=True)
            os._exit(int(numbers[0]))
        if what == "eat":
            eaten.append(bytearray(os.urandom(1 << 20) * int(numbers[0])))
        if what == "unready":
            state["ready"] = not state["ready"]
        if what == "hang":
            state["hangs"] = True
        if what == "print":
            threading.Thread(target=say, args=[int(number) for number in numbers]).start()

    def log_message(self, *_: object) -> None:
        pass


def say(lines: int, size: int) -> None:
    for _ in range(lines):
        state["printed"] += 1
        print(f"line {state['printed']} ".ljust(size, "x"), flush=True)


http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[sys.argv.index("--port") + 1])), Answers).serve_forever()
