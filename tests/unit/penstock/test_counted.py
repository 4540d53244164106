"""One is one in the sentences of the command line."""

from __future__ import annotations

import pytest

from penstock.commands.services.publish_check import check_lines
from penstock.counted import counted
from penstock.doctor.report import summary_lines

MIB = 1024**2


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 core"), (1.0, "1 core"), (0, "0 cores"), (0.5, "0.5 cores"), (1_234_567, "1234567 cores")],
)
def test_one_is_one(count: float, said: str) -> None:
    assert counted(count, "core") == said


def test_what_waits_is_counted() -> None:
    spool = {"bytes": 0, "cap_bytes": MIB, "records": 1, "messages": 1}
    for waiting, said in ((1, "1 message waits for"), (2, "2 messages wait for")):
        bus = {"bytes": 0, "waiting": {"monitor": waiting}}
        lines = summary_lines({"disk_free_bytes": 0, "spool": spool, "bus": bus})
        assert lines[1].endswith("1 record and 1 message wait")
        assert said in lines[2]


def test_an_example_of_one_row() -> None:
    check = {"example": {"status": "ok", "rows": 1, "duration_ms": 2.0}}
    assert check_lines({"check": check})[0] == "ok (1 row, 2 ms)"
