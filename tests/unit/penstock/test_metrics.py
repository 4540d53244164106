from __future__ import annotations

from pathlib import Path

import pytest

from monitor.domain.metrics.charts import CHARTS
from penstock.client import Client
from penstock.commands.monitoring.observability import METRICS, format_value

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_command_line_and_the_docs_name_every_metric_with_its_unit() -> None:
    assert dict(METRICS) == {name: chart.unit for name, chart in CHARTS.items()}
    told = {
        name.strip("`"): cells[2].strip()
        for line in DOCS.read_text().partition("\n## ")[0].splitlines()
        if line.startswith("| `") and (cells := line.split("|"))
        for name in cells[1].strip().split(", ")
    }
    assert told == dict(METRICS)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.009649999999999999, "0.00965"), (0.0, "0"), (12.34567, "12.35"), (123456.7, "123457"), (2**31, "2147483648")],
)
def test_numbers_are_rounded_for_people(value: float, shown: str) -> None:
    assert format_value(value) == shown


def test_white_space_around_a_token_does_not_matter() -> None:
    with Client("http://127.0.0.1:1", " token-of-a-file\n") as client:
        assert client._token == "token-of-a-file"
