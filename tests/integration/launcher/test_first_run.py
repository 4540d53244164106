"""`./penstock` in a fresh folder, on a Python without pip, venv and ensurepip, against an index on this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ARCH = os.uname().machine
WHEEL = f"uv-9.9-py3-none-manylinux_2_17_{ARCH}.musllinux_1_1_{ARCH}.whl"

FAKE_UV = """#!/bin/sh
echo "$@ index=$UV_DEFAULT_INDEX downloads=$UV_PYTHON_DOWNLOADS" >> "$2/uv-calls"
mkdir -p "$2/.venv/bin"
printf '#!/bin/sh\\necho handed over: "$@"\\n' > "$2/.venv/bin/penstock"
chmod +x "$2/.venv/bin/penstock"
"""

BARE_PYTHON = """#!/bin/sh
# A Python as stock Debian ships it.
exec {python} -S -c '
import runpy, sys
for name in ("pip", "venv", "ensurepip", "setuptools"):
    sys.modules[name] = None
arguments = [a for a in sys.argv[1:] if a != "-I"]
if arguments[0] == "-c":
    exec(arguments[1])
else:
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")
' "$@"
"""


@dataclass
class Index:
    """A package index that holds one wheel."""

    url: str = ""
    wheel: bytes = b""
    asked: list[str] = field(default_factory=list)


def wheel() -> bytes:
    """The same bytes whenever it is asked for: an entry that only has a name is of 1980."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("uv-9.9.data/scripts/uv"), FAKE_UV)
    return file.getvalue()


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index(wheel=wheel())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            page = f'<a href="../../files/{WHEEL}">{WHEEL}</a>'.encode()
            body = {"/simple/uv/": page, f"/files/{WHEEL}": index.wheel}.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        index.url = f"http://127.0.0.1:{server.server_port}/simple"
        yield index
        server.shutdown()
        thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    (clone / "deploy").mkdir(parents=True)
    for name in ("shared", "runtime", "sdk", "services/router"):
        (clone / name).mkdir(parents=True)
        (clone / name / "pyproject.toml").touch()
    shutil.copy(ROOT / "penstock", clone)
    shutil.copy(ROOT / "deploy/bring.py", clone / "deploy")
    (clone / "pyproject.toml").touch()
    lock = '[[package]]\nname = "uv"\nversion = "9.9"\n'
    lock += f'wheels = [{{ url = "https://files/{WHEEL}", hash = "sha256:{hashlib.sha256(wheel()).hexdigest()}" }}]\n'
    (clone / "uv.lock").write_text(lock)
    bare = tmp_path / "python"
    bare.write_text(BARE_PYTHON.format(python=sys.executable))
    bare.chmod(0o755)
    return clone


def penstock(clone: Path, index: Index, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = clone.parent / "home"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PIP_INDEX_URL": index.url,
        "PENSTOCK_PYTHON": str(clone.parent / "python"),
    }
    command = [str(clone / "penstock"), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_the_first_run_brings_everything_and_hands_over(clone: Path, index: Index) -> None:
    done = penstock(clone, index, "demo", "--flag")

    assert (done.returncode, done.stdout) == (0, "handed over: demo --flag\n"), done.stderr
    calls = (clone / "uv-calls").read_text()
    assert f"index={index.url} downloads=never" in calls
    assert "pip sync --require-hashes" in calls
    assert "--no-dev" in calls


def test_the_second_run_asks_nobody(clone: Path, index: Index) -> None:
    penstock(clone, index, "up")
    asked, calls = len(index.asked), (clone / "uv-calls").read_text()

    done = penstock(clone, index, "status")

    assert (done.stdout, done.stderr) == ("handed over: status\n", "")
    assert len(index.asked) == asked
    assert (clone / "uv-calls").read_text() == calls


def test_a_changed_lock_is_brought_with_the_uv_that_is_there(clone: Path, index: Index) -> None:
    penstock(clone, index, "up")
    asked, calls = len(index.asked), (clone / "uv-calls").read_text()
    with (clone / "uv.lock").open("a") as lock:
        lock.write("# changed\n")

    penstock(clone, index, "up")

    assert len(index.asked) == asked
    assert len((clone / "uv-calls").read_text()) > len(calls)


def test_tests_get_the_development_tools(clone: Path, index: Index) -> None:
    penstock(clone, index, "test")

    assert "--all-groups" in (clone / "uv-calls").read_text()


def test_a_tampered_wheel_is_refused_in_one_line(clone: Path, index: Index) -> None:
    index.wheel += b"tampered"

    done = penstock(clone, index, "up")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("refused")
    assert "Traceback" not in done.stderr
    assert not (clone / ".uv/9.9/uv").exists()
    assert not (clone / ".venv").exists()


def test_an_index_that_does_not_have_it_is_named(clone: Path, index: Index) -> None:
    index.url += "/elsewhere"

    done = penstock(clone, index, "up")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"penstock: the package index answered 404 for {index.url}/uv/"


def test_no_suitable_python_is_one_line(clone: Path) -> None:
    tools = clone.parent / "tools"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or "")

    done = subprocess.run(
        [shutil.which("sh") or "sh", clone / "penstock", "up"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("penstock: Python 3.11, 3.12 or 3.13")
    assert done.stderr.count("\n") == 1
