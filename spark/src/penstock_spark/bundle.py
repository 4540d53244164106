"""One file with this package and the steps that it calls, for a cluster: a wheel, and good for `--py-files` as well.

The steps are the inference-logger's, whose own package brings a server's dependencies along: executors need none of it.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import inference_logger
import penstock_spark

DISTRIBUTION = "penstock_spark"
REQUIRES = ("orjson>=3.11", "pyarrow>=21")
STEPS = (
    *("__init__.py", "domain/__init__.py", "domain/schema.py", "domain/inferences"),
    *(f"domain/labels/{name}.py" for name in ("__init__", "history", "join", "schema", "values")),
)
"""Of the inference-logger."""
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
    own, steps = (Path(str(each.__file__)).parent for each in (penstock_spark, inference_logger))
    for path in sorted(own.rglob("*.py")):
        yield f"penstock_spark/{path.relative_to(own).as_posix()}", path.read_bytes()
    for name in STEPS:
        for path in sorted((steps / name).rglob("*.py")) if (steps / name).is_dir() else [steps / name]:
            yield f"inference_logger/{path.relative_to(steps).as_posix()}", path.read_bytes()


def _record(contents: dict[str, bytes], own: str) -> bytes:
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()},{len(body)}"
        for name, body in sorted(contents.items())
    ]
    return "\n".join([*lines, f"{own},,", ""]).encode()
