"""Each test has a name of its own: of two with the same, pytest-xdist runs one, and nobody is told of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest


def name_operations(items: Sequence[pytest.Item]) -> None:
    """Give the tests that Schemathesis makes of one function the operation in their node ids.

    It puts it in their names alone, from which pytest 9.2 and later make no node id.
    """
    for item in items:
        label = getattr(item, "operation_label", None)
        if label is not None and f"[{label}]" not in item.nodeid:
            item._id = item.id.with_params(label)


def refuse_doubles(items: Sequence[pytest.Item]) -> None:
    """Raises UsageError for tests of the same name."""
    doubles = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if doubles:
        raise pytest.UsageError(f"tests of the same name, of which a worker would run one: {', '.join(doubles)}")
