"""Schemathesis builds the cases of an operation when its test runs, not when tests are collected.

They are hundreds for each operation, seconds of the processor in all, and every process of a run collects every test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
import schemathesis.pytest._test_builder as test_builder

BUILD = "_build_cases"

_build = test_builder.build_operation_test


def _build_later(*, test_func: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """A stand-in with the fixtures of the test; `put_in` puts the test in its place before it runs."""

    @wraps(test_func)
    def not_built(**_: Any) -> None:
        raise AssertionError("the cases were not built")

    signature = inspect.signature(test_func)
    fixtures = [each for name, each in signature.parameters.items() if name != "case"]
    not_built.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
    setattr(not_built, BUILD, lambda: _build(test_func=test_func, **options))
    return not_built


def install() -> None:
    """From now on, Schemathesis collects stand-ins."""
    test_builder.build_operation_test = _build_later


def put_in(item: pytest.Item) -> None:
    """Build the cases of this test, if it waits for that."""
    build = getattr(getattr(item, "obj", None), BUILD, None)
    if build is not None:
        item.obj = build()  # type: ignore[attr-defined]
