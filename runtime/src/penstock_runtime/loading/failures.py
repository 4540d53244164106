"""Why a model could not be loaded: its own frames first, and whether another try may help."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

PERMANENT = (ImportError, SyntaxError)
"""The same files in the same environment raise these every time."""
_OURS = str(Path(__file__).parents[1])
_BETWEEN = ("/concurrent/futures/", "/importlib/", "/site-packages/mlflow/", "<frozen ")
"""Parts of files through which a model's own code is called."""


def is_permanent(error: BaseException) -> bool:
    """Whether another try would end the same way."""
    return isinstance(error, PERMANENT)


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
