"""One file with this package and the steps that it calls, for a cluster: a wheel, and good for `--py-files` as well.

The steps are those of the inference-logger and the monitor, whose own packages bring a server's dependencies along:
executors need none of it.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import inference_logger
import monitor
import penstock_spark
import shared

DISTRIBUTION = "penstock_spark"
REQUIRES = ("orjson>=3.11", "pyarrow>=21")
FOR_PROFILES = ("datasketches>=5.2", "numpy>=2.1", "scipy>=1.15")
STEPS = {
    inference_logger: (
        *("__init__.py", "domain/__init__.py", "domain/schema.py", "domain/inferences"),
        *(f"domain/labels/{name}.py" for name in ("__init__", "history", "join", "schema", "values")),
    ),
    monitor: (
        *("__init__.py", "domain/__init__.py", "domain/sentences.py"),
        *("domain/rules/__init__.py", "domain/rules/slicing.py"),
        *(f"domain/statistics/{name}.py" for name in ("__init__", "columns", "kinds", "slices")),
        *(f"domain/statistics/baselines/{name}.py" for name in ("__init__", "baseline", "expectations", "freezing")),
        *(f"domain/statistics/{name}" for name in ("drift", "exports", "profiles")),
        *(f"domain/statistics/quality/{name}.py" for name in ("__init__", "figures")),
    ),
    shared: ("__init__.py", "counted.py", "errors.py", "text.py", "filters"),
}
"""Modules and folders of modules, of the packages that they are part of."""
WHEEL = "Wheel-Version: 1.0\nGenerator: penstock-spark\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
MADE_AT = (2026, 1, 1, 0, 0, 0)
"""The same code gives the same file."""


def write_bundle(folder: Path) -> Path:
    """Write it into the folder: its place."""
    number = version("penstock-spark")
    info = f"{DISTRIBUTION}-{number}.dist-info"
    contents = dict(_modules())
    contents[f"{info}/WHEEL"] = WHEEL.encode()
    contents[f"{info}/METADATA"] = "".join(
        [
            f"Metadata-Version: 2.1\nName: penstock-spark\nVersion: {number}\n",
            *(f"Requires-Dist: {each}\n" for each in REQUIRES),
            "Provides-Extra: profiles\n",
            *(f"Requires-Dist: {each}; extra == 'profiles'\n" for each in FOR_PROFILES),
        ]
    ).encode()
    contents[f"{info}/entry_points.txt"] = b"[console_scripts]\npenstock-spark = penstock_spark.__main__:main\n"
    contents[f"{info}/RECORD"] = _record(contents, f"{info}/RECORD")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DISTRIBUTION}-{number}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(contents):
            archive.writestr(zipfile.ZipInfo(name, MADE_AT), contents[name], zipfile.ZIP_DEFLATED)
    return path


def _modules() -> Iterator[tuple[str, bytes]]:
    for package, names in {penstock_spark: ("",), **STEPS}.items():
        folder = Path(str(package.__file__)).parent
        for part in (folder / name for name in names):
            for path in sorted(part.rglob("*.py")) if part.is_dir() else [part]:
                yield f"{package.__name__}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _record(contents: dict[str, bytes], own: str) -> bytes:
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()},{len(body)}"
        for name, body in sorted(contents.items())
    ]
    return "\n".join([*lines, f"{own},,", ""]).encode()
