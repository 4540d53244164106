"""Two tests of one name are refused: a worker would run one of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from test_run.names import name_operations, refuse_doubles


def test_a_name_twice_is_refused_and_named() -> None:
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in ("a::x", "a::y", "a::x")]
    with pytest.raises(pytest.UsageError, match=r"one: a::x$"):
        refuse_doubles(items)
    refuse_doubles(items[:2])


def test_operations_of_one_function_are_told_apart(request: pytest.FixtureRequest) -> None:
    class OfAnOperation(pytest.Item):
        operation_label = "GET /services"

        def runtest(self) -> None:
            pytest.fail("it is collected, and not run")

    item = OfAnOperation.from_parent(request.node.parent, name="test_it")
    name_operations([item])
    name_operations([item])
    assert item.nodeid.endswith("test_names.py::test_it[GET /services]")
