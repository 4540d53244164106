"""Why a model could not be loaded: one line, the trace from its own frames on, and whether another try may help."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

PERMANENT = (ImportError, SyntaxError)
"""The same files in the same environment raise these every time."""
MAX_REASON = 1000
_NO_LIBRARY = re.compile(r"(?<![\w./+-])(lib[\w.+-]*\.so(?:\.\d+)*): cannot open shared object file")
"""The dynamic linker's words; a file that a path names is the model's own, not the system's."""
_PACKAGES = {
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libatomic.so.1": "libatomic1",
    "libgfortran.so.5": "libgfortran5",
    "libquadmath.so.0": "libquadmath0",
    "libopenblas.so.0": "libopenblas0",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libsndfile.so.1": "libsndfile1",
    "libodbc.so.2": "unixodbc",
    "libpq.so.5": "libpq5",
}
"""Debian's packages of libraries that wheels need and do not bring; LightGBM's needs libgomp."""
_OURS = str(Path(__file__).parents[1])
_BETWEEN = ("/concurrent/futures/", "/importlib/", "/site-packages/mlflow/", "<frozen ")
"""Parts of files through which a model's own code is called."""


def is_permanent(error: BaseException) -> bool:
    """Whether another try would end the same way."""
    return isinstance(error, PERMANENT) or missing_library(error) is not None


def describe_failure(error: BaseException) -> str:
    """The type of the error and its reason, in one line; a system library that is missing by name, with its package."""
    library = missing_library(error)
    reason = _describe_missing(library) if library is not None else " ".join(str(error).split())
    return f"{type(error).__name__}: {reason}"[:MAX_REASON]


def missing_library(error: BaseException) -> str | None:
    """The system library, such as `libgomp.so.1`, without which the model's own libraries cannot be loaded."""
    found = (_NO_LIBRARY.search(str(each)) for each in _chain(error) if isinstance(each, (OSError, ImportError)))
    return next((match[1] for match in found if match is not None), None)


def _describe_missing(library: str) -> str:
    package = _PACKAGES.get(library)
    remedy = f"install {package} (the name of Debian's package)" if package else "install the package that has it"
    return f"the system library {library} is missing where the model runs: {remedy}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def model_traceback(error: BaseException) -> str:
    """The trace from the model's first frame on; all of it but this server's where the model has none."""
    frames = list(_frames(error.__traceback__))
    own = [frame for frame in frames if not _is(frame, (_OURS, *_BETWEEN))]
    rest = [frame for frame in frames if not _is(frame, (_OURS, "/concurrent/futures/"))]
    first = next(iter(own or rest), None)
    return "".join(traceback.format_exception(type(error), error, first))


def _frames(trace: TracebackType | None) -> list[TracebackType]:
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _is(frame: TracebackType, parts: tuple[str, ...]) -> bool:
    file = frame.tb_frame.f_code.co_filename
    return any(part in file for part in parts)
