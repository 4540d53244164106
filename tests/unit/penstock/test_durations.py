"""Durations as people write and read them."""

from __future__ import annotations

import json
import re

import pytest
import typer

from penstock.commands.cli.durations import format_duration, parse_duration, parse_schedule
from penstock.commands.cli.output import Format, show_all, show_one

RULE = {"name": "drift", "window": "PT1H", "guards": {"cool_down": "PT6H", "max_per_day": 2}, "slice": "P1D"}


@pytest.mark.parametrize(
    ("written", "sent"),
    [("90m", "PT90M"), ("12h", "PT12H"), ("10s", "PT10S"), ("07d", "P7D"), ("2w", "P2W"), ("pt1h30m", "PT1H30M")],
)
def test_a_duration_is_sent_as_the_api_takes_it(written: str, sent: str) -> None:
    assert (parse_duration(written), parse_schedule(written)) == (sent, sent)


@pytest.mark.parametrize("wrong", ["", "1", "h", "1 h", "1hour", "P", "PT", "P1H", "-1h", "1.5h", "every day"])
def test_what_is_none_is_refused_before_it_is_sent(wrong: str) -> None:
    with pytest.raises(typer.BadParameter, match="90m"):
        parse_duration(wrong)
    with pytest.raises(typer.BadParameter, match="cron"):
        parse_schedule(wrong)


def test_a_schedule_may_be_cron() -> None:
    assert parse_schedule("0 3 * * 1") == "0 3 * * 1"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        *(("PT1H", "1 h"), ("PT1H30M", "1 h 30 min"), ("P7D", "7 d"), ("P1DT2H", "1 d 2 h"), ("P2W", "2 w")),
        *(("PT0S", "0 s"), ("P0DT0H10M0S", "10 min"), ("PT0.5S", "0.5 s"), ("0 3 * * *", "0 3 * * *"), ("P", "P")),
    ],
)
def test_people_read_it_in_words(given: str, read: str) -> None:
    assert format_duration(given) == read


def test_tables_have_words_where_a_field_is_a_duration_and_programs_what_the_api_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_all([RULE], ("name", "window", "guards.cool_down", "slice"), Format.TABLE)
    assert re.split(r" {2,}", capsys.readouterr().out.splitlines()[1]) == ["drift", "1 h", "6 h", "P1D"]
    show_one(RULE, ("window", "guards"), Format.TABLE)
    assert capsys.readouterr().out.split() == ["window", "1", "h", "guards", "cool_down=6", "h", "max_per_day=2"]
    show_all([RULE], ("window",), Format.JSON)
    assert json.loads(capsys.readouterr().out) == [RULE]
