"""The table of features names tests: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs/features.md").read_text()
FILES = dict(re.findall(r"\*\*(\w+)\*\* `(tests/[\w/.]+)`", TABLE))


def test_every_test_that_the_table_names_is_there() -> None:
    named = re.findall(r"\b([A-Z][A-Z2]?)::(\w+)", TABLE)
    assert len(named) > 60
    missing = [f"{FILES[file]}::test_{name}" for file, name in named if f"def test_{name}(" not in _text(FILES[file])]
    assert missing == []


def test_every_file_that_the_table_names_is_there() -> None:
    assert [name for name in re.findall(r"`(tests/[\w/.]+)`", TABLE) if not (ROOT / name).is_file()] == []


def test_every_line_names_a_test_or_says_later() -> None:
    lines = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    assert [line for line in lines if "::" not in line and "tests/" not in line and "*later*" not in line] == [
        "| bad input | the whole of **I** |"
    ]


def _text(name: str) -> str:
    return (ROOT / name).read_text()
