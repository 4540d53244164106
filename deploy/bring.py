"""Brings the environment: uv from the package index, hash-checked, then everything that `uv.lock` names into `.venv`.

Runs on a bare Python 3.11+ (no pip, no ensurepip, no venv): the standard library alone. Which uv, and the only hashes
that are accepted, stand in `uv.lock`. Refuses, in one line, what does not match. A second run with nothing changed
does nothing.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import fcntl
import hashlib
import io
import json
import os
import platform
import re
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

PYPI = "https://pypi.org/simple"
ATTEMPTS = 4
TIMEOUT_S = 60


class Refused(Exception):
    """Cannot go on; the message is one line for the user."""


@dataclass(frozen=True)
class Machine:
    """What decides which wheel fits."""

    system: str
    arch: str
    glibc: tuple[int, int] | None
    macos: tuple[int, int] | None

    @classmethod
    def this(cls) -> Machine:
        """The machine that this runs on."""
        libc, version = platform.libc_ver()
        return cls(
            system=sys.platform,
            arch={"AMD64": "x86_64", "amd64": "x86_64"}.get(platform.machine(), platform.machine()),
            glibc=_pair(version) if libc == "glibc" else None,
            macos=_pair(platform.mac_ver()[0]) if sys.platform == "darwin" else None,
        )


def _pair(version: str) -> tuple[int, int]:
    major, minor, *_ = [*(int(part) for part in re.findall(r"\d+", version)), 0, 0]
    return major, minor


def fits(filename: str, machine: Machine) -> bool:
    """Whether a wheel's platform tags cover this machine."""
    tags = filename.removesuffix(".whl").rsplit("-", 1)[1].split(".")
    return any(_tag_fits(tag, machine) for tag in tags)


def _tag_fits(tag: str, machine: Machine) -> bool:
    found = re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)", tag)
    if not found or found[4] != machine.arch:
        return False
    kind, least = found[1], (int(found[2]), int(found[3]))
    if kind == "macosx":
        return machine.macos is not None and machine.macos >= least
    if machine.system != "linux":
        return False
    if kind == "musllinux":
        return machine.glibc is None
    return machine.glibc is not None and machine.glibc >= least


def pinned_uv(lock: Path, machine: Machine) -> tuple[str, str, str]:
    """(version, wheel's file name, its sha256) of the uv that `uv.lock` names for this machine."""
    packages = tomllib.loads(lock.read_text())["package"]
    entry = next(package for package in packages if package["name"] == "uv")
    for wheel in entry["wheels"]:
        filename = wheel["url"].rsplit("/", 1)[1]
        if fits(filename, machine):
            return entry["version"], filename, wheel["hash"].removeprefix("sha256:")
    raise Refused(f"uv {entry['version']} has no build for {machine.system} on {machine.arch}")


def index_url(environ: Mapping[str, str], home: Path) -> str:
    """The package index that this machine is set up for: uv's variables, pip's, their files, else PyPI."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if environ.get(name):
            return re.sub(r"^[\w.-]+=(?=https?://)", "", environ[name])  # uv allows `name=url`
    return _from_uv_files(environ, home) or _from_pip_files(environ, home) or PYPI


def _from_uv_files(environ: Mapping[str, str], home: Path) -> str | None:
    own = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "uv/uv.toml"
    for path in (own, Path("/etc/uv/uv.toml")):
        with contextlib.suppress(OSError, tomllib.TOMLDecodeError):
            settings = tomllib.loads(path.read_text())
            defaults = [index["url"] for index in settings.get("index", []) if index.get("default")]
            if url := (defaults or [settings.get("index-url")])[0]:
                return str(url)
    return None


def _from_pip_files(environ: Mapping[str, str], home: Path) -> str | None:
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = [Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else []
    for path in (*named, config_home / "pip/pip.conf", home / ".pip/pip.conf", Path("/etc/pip.conf")):
        parser = configparser.ConfigParser(interpolation=None)
        with contextlib.suppress(OSError, configparser.Error):
            parser.read(path)
        if url := parser.get("global", "index-url", fallback=None):
            return url.strip()
    return None


class _Links(HTMLParser):
    """Hrefs of a simple index page (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the anchors."""
        self.hrefs += [value for name, value in attrs if tag == "a" and name == "href" and value]


def find_file(page: bytes, content_type: str, page_url: str, filename: str) -> str:
    """Address of one file on a project's page of a simple index, HTML (PEP 503) or JSON (PEP 691)."""
    if "json" in content_type:
        hrefs = [entry["url"] for entry in json.loads(page)["files"]]
    else:
        links = _Links()
        links.feed(page.decode("utf-8", "replace"))
        hrefs = links.hrefs
    for href in hrefs:
        url: str = urllib.parse.urldefrag(urllib.parse.urljoin(page_url, href)).url
        if urllib.parse.unquote(url.rsplit("/", 1)[1].partition("?")[0]) == filename:
            return url
    raise Refused(f"{_shown(page_url)} does not offer {filename}")


def _shown(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _request(url: str, accept: str) -> urllib.request.Request:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise Refused(f"the package index must be http or https, not {_shown(url)}")
    host = parts.netloc.rpartition("@")[2]
    headers = {"Accept": accept, "User-Agent": "penstock"}
    if parts.username:
        secret = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    return urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host)), headers=headers)  # noqa: S310


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        if Path(environ.get(name) or "/nowhere").is_file():
            context.load_verify_locations(environ[name])
    return context


def fetch(url: str, accept: str = "*/*") -> tuple[bytes, str, str]:
    """(body, content type, final address); a few attempts, since indexes hiccup."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(_request(url, accept), timeout=TIMEOUT_S, context=_tls(os.environ)) as answer:  # noqa: S310
                return answer.read(), answer.headers.get("Content-Type", ""), answer.url
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS:
                raise Refused(f"the package index answered {error.code} for {_shown(url)}") from None
        except OSError as error:
            if attempt == ATTEMPTS:
                reason = getattr(error, "reason", error)
                raise Refused(f"the package index cannot be reached: {_shown(url)}: {reason}") from None
        time.sleep(attempt)
    raise AssertionError


def checked(content: bytes, sha256: str, filename: str) -> bytes:
    """`content`, or Refused if it is not what the repository pins."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise Refused(f"{filename} has sha256 {actual}, uv.lock pins {sha256}; refused")
    return content


def bring_uv(root: Path, index: str) -> Path:
    """Path of the pinned uv below `.uv/`; fetched only where it is not there yet."""
    version, filename, sha256 = pinned_uv(root / "uv.lock", Machine.this())
    binary = root / ".uv" / version / "uv"
    if binary.exists():
        return binary
    say(f"fetching uv {version}")
    page_url = index.rstrip("/") + "/uv/"
    page, content_type, final_url = fetch(page_url, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
    # Relative links are relative to the page, and keep the credentials that the page was asked with.
    base = page_url if _shown(page_url) != page_url else final_url
    content = checked(fetch(find_file(page, content_type, base, filename))[0], sha256, filename)
    unpack(content, binary)
    return binary


def unpack(wheel: bytes, binary: Path) -> None:
    """Put the wheel's `uv` at `binary`, whole or not at all."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        partial = binary.with_suffix(".partial")
        partial.write_bytes(archive.read(name))
    partial.chmod(0o755)
    partial.replace(binary)


def stamp(root: Path) -> str:
    """Changes with whatever decides what belongs into the environment."""
    digest = hashlib.sha256(f"{root}\0{sys.version}".encode())
    for path in [root / "uv.lock", root / "pyproject.toml", *sorted(root.glob("*/pyproject.toml"))]:
        digest.update(path.read_bytes())
    for path in sorted(root.glob("services/*/pyproject.toml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def present(root: Path) -> tuple[str, bool]:
    """(stamp, with development tools?) of the environment that is there."""
    with contextlib.suppress(OSError):
        if (root / ".venv/bin/penstock").exists():
            made, _, group = (root / ".venv/penstock-stamp").read_text().partition(" ")
            return made, group == "dev"
    return "", False


def is_current(root: Path, wanted: str, *, dev: bool) -> bool:
    """Whether `.venv` already holds this; one with the development tools serves both."""
    made, has_dev = present(root)
    return made == wanted and (has_dev or not dev)


def sync(root: Path, uv: Path, index: str, *, dev: bool, members: bool = True) -> None:
    """Fill `.venv` from `uv.lock`, every file checked against its hash; `members`: with the repository's packages."""
    say("preparing .venv from uv.lock (the first time takes a minute or two)")
    kept = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}}
    environ = kept | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(root / ".venv")}
    if index != PYPI:
        environ["UV_DEFAULT_INDEX"] = index
    group = ["--all-groups"] if dev else ["--no-dev"]
    run = _Uv(uv, root, environ)
    if urllib.parse.urlsplit(index).hostname == "pypi.org":
        run("sync", "--frozen", *group, *([] if members else ["--no-install-workspace"]), "--python", base_python())
    else:
        _sync_from_mirror(run, root, group, members=members)


def _sync_from_mirror(run: _Uv, root: Path, group: list[str], *, members: bool) -> None:
    """The lock's addresses are PyPI's: elsewhere the same files are found by name and version, and hash-checked."""
    wanted = root / ".uv/requirements.txt"
    run("export", "--frozen", *group, "--no-emit-workspace", "--output-file", str(wanted))
    if not (root / ".venv/bin/python").exists():
        run("venv", "--python", base_python(), str(root / ".venv"))
    run("pip", "sync", "--require-hashes", str(wanted))
    if members:
        others = ("shared", "runtime", "sdk", "console", "spark")
        own = sorted([*root.glob("services/*"), *(root / name for name in others)])
        run("pip", "install", "--no-deps", *(argument for path in own for argument in ("--editable", str(path))))


@dataclass(frozen=True)
class _Uv:
    binary: Path
    root: Path
    environ: Mapping[str, str]

    def __call__(self, *arguments: str) -> None:
        # Quiet: a line for each of 130 packages says nothing to whoever waits; what fails is still said.
        command = [str(self.binary), "--project", str(self.root), "--quiet", *arguments]
        if subprocess.run(command, env=self.environ, cwd=self.root, check=False).returncode:  # noqa: S603
            raise Refused(f"`uv {arguments[0]}` failed; see above")


def base_python() -> str:
    """The interpreter that a new environment is made from: this one, or what made the environment that this is of."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)))


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """One at a time: two launchers may be started at once on a fresh clone."""
    (root / ".uv").mkdir(exist_ok=True)
    with (root / ".uv/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    """One line of progress."""
    print(f"penstock: {line}", file=sys.stderr, flush=True)


def bring(root: Path, *, dev: bool) -> None:
    """Make `.venv` what the repository says; nothing to do is the common case and costs a few file reads."""
    wanted = stamp(root)
    if is_current(root, wanted, dev=dev):
        return
    with alone(root):
        if is_current(root, wanted, dev=dev):
            return
        dev = dev or present(root)[1]  # tools that are there once are not taken away by the next `up`
        index = index_url(os.environ, Path.home())
        sync(root, bring_uv(root, index), index, dev=dev)
        (root / ".venv/penstock-stamp").write_text(f"{wanted} dev" if dev else wanted)


def bring_dependencies(root: Path) -> None:
    """Other people's packages only: an image's layer that outlives changes of the code."""
    index = index_url(os.environ, Path.home())
    sync(root, bring_uv(root, index), index, dev=False, members=False)


def bring_runtime_image(root: Path, folder: Path) -> None:
    """An environment at `folder` with what the group `runtime-image` names, at the versions of `uv.lock`."""
    index = index_url(os.environ, Path.home())
    kept = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}}
    environ = kept | {"UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(folder)}
    if index != PYPI:
        environ["UV_DEFAULT_INDEX"] = index
    run = _Uv(bring_uv(root, index), root, environ)
    wanted = root / ".uv/runtime-image.txt"
    run("export", "--frozen", "--only-group", "runtime-image", "--no-emit-workspace", "--output-file", str(wanted))
    run("venv", "--python", base_python(), str(folder))
    run("pip", "sync", "--require-hashes", str(wanted))


def main(arguments: list[str]) -> int:
    """`bring.py ROOT [--dev | --dependencies | --runtime-image FOLDER]`."""
    root, *options = arguments
    try:
        if "--runtime-image" in options:
            bring_runtime_image(Path(root), Path(options[-1]))
        elif "--dependencies" in options:
            bring_dependencies(Path(root))
        else:
            bring(Path(root), dev="--dev" in options)
    except Refused as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
