"""A pod that uses CUDA and nothing else: `python -S cuda_pod.py MIB --fd N`. Standard library only.

Prints one line of JSON: the UUIDs that CUDA sees (`sees`), those that a process of its own sees which was not told by
a variable which ones to use (`could_see`), and the bytes that it has taken on the first (`holds`). Then it keeps that
device busy and answers `/ping`.
"""

import ctypes
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid

MIB = 1 << 20
NO_DEVICE = 100
MOUNTED = "/usr/local/nvidia/lib64/libcuda.so.1"
"""A pod without a GPU is not told of it, and is to find no device all the same."""
VARIABLE = "CUDA_VISIBLE_DEVICES"


class Cuda:
    """The driver's own interface; raises RuntimeError with the number of an error."""

    def __init__(self) -> None:
        mounted = MOUNTED if os.path.exists(MOUNTED) else None
        self.library = ctypes.CDLL(mounted or "libcuda.so.1")

    def call(self, name: str, *arguments: object) -> int:
        return int(getattr(self.library, name)(*arguments))

    def checked(self, name: str, *arguments: object) -> None:
        if error := self.call(name, *arguments):
            raise RuntimeError(f"{name}: CUDA error {error}")

    def devices(self) -> list[str]:
        """UUIDs, without what NVML puts before them."""
        error = self.call("cuInit", 0)
        if error == NO_DEVICE:
            return []
        if error:
            raise RuntimeError(f"cuInit: CUDA error {error}")
        count = ctypes.c_int()
        self.checked("cuDeviceGetCount", ctypes.byref(count))
        return [self.uuid(number) for number in range(count.value)]

    def uuid(self, number: int) -> str:
        device, found = ctypes.c_int(), (ctypes.c_ubyte * 16)()
        self.checked("cuDeviceGet", ctypes.byref(device), number)
        self.checked("cuDeviceGetUuid_v2", ctypes.byref(found), device)
        return str(uuid.UUID(bytes=bytes(found)))

    def take(self, size: int) -> ctypes.c_void_p:
        """Memory of the first device."""
        device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        self.checked("cuDeviceGet", ctypes.byref(device), 0)
        self.checked("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.checked("cuCtxSetCurrent", context)
        self.checked("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(size))
        self.keep_busy(context, memory, size)
        return memory

    def keep_busy(self, context: ctypes.c_void_p, memory: ctypes.c_void_p, size: int) -> None:
        def fill() -> None:
            self.checked("cuCtxSetCurrent", context)
            while True:
                self.checked("cuMemsetD8_v2", memory, ctypes.c_ubyte(1), ctypes.c_size_t(size))
                self.checked("cuCtxSynchronize")

        threading.Thread(target=fill, daemon=True).start()


def seen() -> "list[str] | str":
    try:
        return Cuda().devices()
    except (OSError, RuntimeError) as error:
        return str(error)


def could_see() -> object:
    """What a process sees that was told nothing."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-S", __file__, "--look"], env=environment, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr[-500:]


def main(mib: int, descriptor: int) -> None:
    told = {"sees": seen(), "could_see": could_see(), "holds": 0, "pid": os.getpid(), "told": os.environ.get(VARIABLE)}
    if isinstance(told["sees"], list) and told["sees"]:
        cuda = Cuda()
        cuda.devices()
        cuda.take(mib * MIB)
        told["holds"] = mib * MIB
    print(json.dumps(told), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = http.server.ThreadingHTTPServer(("", 0), Answers, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.serve_forever()


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ping" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    if sys.argv[1] == "--look":
        print(json.dumps(seen()))
    else:
        main(int(sys.argv[1]), int(sys.argv[sys.argv.index("--fd") + 1]))
