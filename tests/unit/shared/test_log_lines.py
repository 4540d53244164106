"""What is read out of lines, and what they are searched for."""

from __future__ import annotations

import time

import pytest

from shared.errors import InvalidInput
from shared.logs.levels import level_of
from shared.logs.matching import LineFilter
from shared.logs.patterns import LINE_EXAMINED, compile_pattern


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("WARNING:root:it rains", "warning"),
        ("CRITICAL:app.sub:all is lost", "error"),
        ("INFO:     127.0.0.1:1 - GET /", "info"),
        ("[ERROR] it fell", "error"),
        ("2026-05-01 12:00:00,123 - my.logger - INFO - hello", "info"),
        ("2026-05-01 12:00:00,123 my-logger 4711 DEBUG hello", "debug"),
        ("2026/05/01 12:00:00 WARNING mlflow.pyfunc: old", "warning"),
        ("2026-05-01T12:00:00.123Z ERROR hello", "error"),
        ("[2026-05-01 12:00:00 +0000] [12] [INFO] Booting worker", "info"),
        ("2026-05-01 12:00:00.123 | SUCCESS  | a:b:1 - done", "info"),
        ("12:00:00 ERROR short", "error"),
        ("[05/01/26 12:00:00] INFO     rich", "info"),
        ("W0501 12:00:00.123456 139 file.py:12] absl", "warning"),
        ("\x1b[31mERROR\x1b[0m: red", "error"),
        ('{"time": "x", "level": "warn", "msg": "y"}', "warning"),
        ('{"levelname": "ERROR"}', "error"),
        ('{"msg": "\\"level\\": \\"error\\""}', None),
        ("Traceback (most recent call last):", None),
        ("ValueError: no", None),
        ("/x.py:3: UserWarning: old", None),
        ("my WARNING: in prose", None),
        ("ERRORS were 3", None),
        ("INFORMATION", None),
        ("2026-05-01 12:00:00 the model said that there was an ERROR here", None),
        ("", None),
        ("{", None),
    ],
)
def test_a_level_is_read_where_logging_wrote_one_and_never_guessed(line: str, level: str | None) -> None:
    assert level_of(line) == level


@pytest.mark.parametrize("hostile", ["12:00:00 " + "a " * 100_000, "12:00:00 " + "a" * 100_000, "[" * 100_000])
def test_a_hostile_line_takes_no_time(hostile: str) -> None:
    begun = time.process_time()
    assert level_of(hostile) is None
    assert time.process_time() - begun < 0.1


def test_an_expression_takes_time_in_proportion_to_the_line() -> None:
    begun = time.process_time()
    assert not compile_pattern(r"(a+)+$")("a" * (LINE_EXAMINED - 1) + "b")
    assert not compile_pattern(r"(a*)*b")("a" * LINE_EXAMINED)
    assert time.process_time() - begun < 1
    assert compile_pattern("(?i)größe")("die GRÖSSE, die Größe")


@pytest.mark.parametrize("wrong", ["(", "(?=a)", r"(a)\1", "((a{100}){100}){100}", "[z-a]", "*"])
def test_what_is_no_expression_is_refused_with_the_reason(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="regex: not a regular expression") as refused:
        compile_pattern(wrong)
    assert refused.value.details[0].loc == ("query", "regex")


def test_a_line_must_have_all_that_was_asked_for() -> None:
    wanted = LineFilter(search="rain", regex="^WARN", levels=("warning", "error"), request_id="a")
    assert wanted.matches("WARNING: RAIN", "warning", "b,a")
    assert not wanted.matches("WARNING: sun", "warning", "a")
    assert not wanted.matches("WARNING: rain", None, "a")
    assert not wanted.matches("ERROR: rain", "error", "a")
    assert not wanted.matches("WARNING: rain", "warning", None)
    assert LineFilter().matches("", None, None)
