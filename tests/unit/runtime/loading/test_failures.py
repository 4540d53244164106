"""What the output says of a model that cannot be loaded."""

from __future__ import annotations

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
