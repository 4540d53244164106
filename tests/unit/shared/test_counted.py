"""One of a thing is in the singular, in the services' sentences as on the command line."""

from __future__ import annotations

import pytest

from penstock.counted import counted as counted_by_the_command_line
from shared.counted import counted


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 cores"), (1, "1 core"), (2, "2 cores"), (1.0, "1 core"), (0.5, "0.5 cores"), (1234567, "1234567 cores")],
)
def test_one_is_in_the_singular(count: float, text: str) -> None:
    assert counted(count, "core") == counted_by_the_command_line(count, "core") == text
