"""What the output says of a model that cannot be loaded."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest

from penstock_runtime.loading import failures


def raised(code: str, file: str, call: Callable[[], None] | None = None) -> Exception:
    """The error of code that seems to stand in `file`, without this function's own frame."""
    try:
        exec(compile(code, file, "exec"), {"call": call})
    except Exception as error:  # noqa: BLE001
        trace = error.__traceback__
        return error.with_traceback(trace.tb_next if trace else None)
    raise AssertionError(code)


def test_the_models_own_frames_come_first() -> None:
    def of_the_model() -> None:
        exec(compile("def load():\n    raise ValueError('no weights')\nload()", "/models/code/mine.py", "exec"), {})

    ours = f"{failures._OURS}/startup/startup.py"
    error = raised("call()", ours, of_the_model)
    text = failures.model_traceback(error)
    assert "/models/code/mine.py" in text
    assert "startup/startup.py" not in text
    assert text.endswith("ValueError: no weights\n")


def test_without_frames_of_its_own_those_of_mlflow_stay() -> None:
    error = raised("import no_such_module", "/x/site-packages/mlflow/pyfunc/__init__.py")
    assert "/mlflow/pyfunc/" in failures.model_traceback(error)


@pytest.mark.parametrize(("code", "final"), [("import no_such_module", True), ("1 +", True), ("1 / 0", False)])
def test_what_another_try_cannot_help(code: str, final: bool) -> None:
    assert failures.is_permanent(raised(code, "x.py")) == final


NO_LIBGOMP = "libgomp.so.1: cannot open shared object file: No such file or directory"


def test_a_missing_system_library_is_named_with_its_package() -> None:
    error = OSError(NO_LIBGOMP)
    assert failures.describe_failure(error) == (
        "OSError: the system library libgomp.so.1 is missing where the model runs: "
        "install libgomp1 (the name of Debian's package)"
    )
    assert failures.is_permanent(error)


def test_a_missing_library_behind_another_error_is_found() -> None:
    error = raised(
        "try:\n    call()\nexcept OSError as error:\n    raise RuntimeError('no trees') from error", "x.py", lose
    )
    assert failures.missing_library(error) == "libgomp.so.1"
    assert failures.describe_failure(error).startswith("RuntimeError: the system library libgomp.so.1 is missing")


def lose() -> None:
    raise OSError(NO_LIBGOMP)


def test_the_words_of_this_linker_are_understood() -> None:
    with pytest.raises(OSError, match="libpenstock") as caught:
        ctypes.CDLL("libpenstock-nowhere.so.7")
    assert failures.missing_library(caught.value) == "libpenstock-nowhere.so.7"
    assert "install the package that has it" in failures.describe_failure(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        OSError("/models/lib/libmine.so: cannot open shared object file: No such file or directory"),
        OSError("lib/libmine.so: cannot open shared object file: No such file or directory"),
        FileNotFoundError("weights.bin"),
        ValueError(NO_LIBGOMP),
    ],
)
def test_other_errors_are_told_in_their_own_words(error: Exception) -> None:
    assert failures.missing_library(error) is None
    assert failures.describe_failure(error) == f"{type(error).__name__}: {error}"
    assert not failures.is_permanent(error)
