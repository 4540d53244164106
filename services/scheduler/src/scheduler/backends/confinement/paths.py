"""Paths that confined processes may read: those of the system, and of a Python environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from glob import glob
from importlib.util import find_spec
from pathlib import Path

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store", "/sys", "/run/nvidia-persistenced",
    "/opt/cuda", "/opt/nvidia", "/opt/rocm", "/opt/intel", "/opt/venv",
)  # fmt: skip
"""Programs and libraries, certificates among them."""
SETTINGS = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld-musl-x86_64.path", "localtime", "timezone", "resolv.conf", "hosts",
    "host.conf", "nsswitch.conf", "gai.conf", "passwd", "group", "services", "protocols", "mime.types", "os-release",
    "alternatives", "fonts", "OpenCL", "vulkan", "magic", "locale.alias", "ssl/certs", "ssl/openssl.cnf",
    "ssl/cert.pem",
    "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust/extracted", "ca-certificates",
    "ca-certificates.conf", "crypto-policies", "java", "nvidia",
)  # fmt: skip
"""Files of /etc that libraries read."""
PROCESSES = (
    "cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems", "devices", "modules", "sys", "driver",
)  # fmt: skip
"""Of /proc: what is nobody's process."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
GPUS = ("/dev/nvidia*", "/dev/kfd", "/dev/dri", "/dev/dxg")
NVIDIA, ONE_OF_NVIDIA = "/dev/nvidia", re.compile(r"/dev/nvidia(\d+)")
"""Of NVIDIA's devices, one file is one GPU's; the others are for all of them."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - what libraries share memory through
TEMPORARY = (Path("/tmp"), Path("/var/tmp"), Path("/dev"))  # noqa: S108 - not written to
"""Where every user writes."""


def gpu_devices() -> list[str]:
    """Devices of the GPUs that this machine has."""
    return sorted(path for pattern in GPUS for path in glob(pattern))


def gpu_devices_of(minors: Collection[int] | None) -> list[str]:
    """What a process needs that has these GPUs of NVIDIA's, and no others; None: all, which is which is not known.

    One that has none gets no device of any GPU where there are NVIDIA's. Others' are not told apart.
    """
    there = gpu_devices()
    if minors is None or not any(path.startswith(NVIDIA) for path in there):
        return there
    if not minors:
        return []
    numbers = {path: ONE_OF_NVIDIA.fullmatch(path) for path in there}
    return [path for path, number in numbers.items() if number is None or int(number[1]) in minors]


def system_paths(home: Path, *, has_gpu: bool) -> list[str]:
    """What any program reads of the system, without `home` should it lie there.

    With a GPU all of /proc: its libraries read about their own process, worker processes too, which has no name that
    could be allowed beforehand. Landlock closes memory, environment and open files of other processes all the same.
    """
    found = [*SYSTEM, *(f"/etc/{name}" for name in SETTINGS)]
    found += ["/proc"] if has_gpu else [f"/proc/{name}" for name in PROCESSES]
    return [path for each in found if os.path.exists(each) for path in excluding(Path(each), home)]


def python_paths(python: Path, home: Path) -> list[str]:
    """The environment of this Python, the Python that it was made of, and the model server."""
    prefix = python.parent.parent
    found = {prefix, *_bases(prefix), python.resolve().parent.parent}
    if python == Path(sys.executable):
        found |= {Path(sys.prefix), Path(sys.base_prefix), _model_server()}
    return [path for each in sorted(found) if _is_prefix(each) for path in excluding(each, home)]


@lru_cache(maxsize=1)
def _model_server() -> Path:
    """The folder that `penstock_runtime` is imported from."""
    found = find_spec("penstock_runtime")
    assert found is not None
    return Path(str(found.origin)).resolve().parents[1]


def _is_prefix(folder: Path) -> bool:
    """Whether a Python is installed here; `/bin/anything` must not open all of `/`."""
    is_one = (folder / "pyvenv.cfg").exists() or any(folder.glob("lib*/python3*"))
    return folder.resolve() != Path("/") and (is_one or folder == _model_server())


def _bases(prefix: Path) -> Iterator[Path]:
    """What `pyvenv.cfg` names as its home; the folder above it has the libraries."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "home":
            yield Path(value.strip()).parent
            yield Path(value.strip()).resolve().parent


@lru_cache(maxsize=64)
def _resolved(path: Path) -> Path:
    return path.resolve()


def excluding(path: Path, excluded: Path) -> list[str]:
    """`path`, or where `excluded` lies beneath it, all else that is in there now: a rule holds for a whole tree."""
    real = _resolved(path)
    if not excluded.is_relative_to(real):
        return [str(path)]
    if real == excluded:
        return []
    return [found for child in _children(real) for found in excluding(child, excluded)]


def all_paths_excluding(*excluded: Path) -> list[str]:
    """Every path of the machine but these and what lies in them."""
    found = ["/"]
    for each in excluded:
        found = [path for parent in found for path in excluding(Path(parent), each)]
    return found


def _children(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return ()
