"""Log lines by level, by expression, around one, and as a file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.api.observability import log_download
from running_services.running_controller import Controller, Peers
from shared.contracts.metrics.samples import LogLine
from shared.contracts.rpc.monitor import LogEntry, LogPage, LogsQuery
from shared.errors import Unavailable

AT = datetime(2026, 5, 1, tzinfo=UTC)
LOGS = "/services/wine/logs"


def entry(number: int) -> LogEntry:
    return LogEntry(version="v1", pod="p", run=0, at=AT, offset=number, text=f"<b>line {number}</b>", level="info")


def stored(count: int, page: int) -> list[LogPage]:
    """Pages of lines 0, 1, 2, …, each with the cursor of the next."""
    starts = range(0, count, page)
    return [
        LogPage(
            items=tuple(map(entry, range(start, min(start + page, count)))),
            next_cursor=None if start + page >= count else str(start + page),
        )
        for start in starts
    ]


@pytest.fixture
async def pages(controller: Controller, peers: Peers) -> list[LogPage]:
    """The answers that the monitor gives, one after the other; a test puts them in."""
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    answers: list[LogPage] = []

    def answer(_: LogsQuery) -> LogPage:
        if not answers:
            raise Unavailable("the monitor is not there")
        return answers.pop(0)

    peers.stored = answer
    return answers


async def test_lines_are_searched_shown_around_one_and_written_to_a_file(
    controller: Controller, peers: Peers, pages: list[LogPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages += stored(1, 1)
    wanted = {"level": ["error", "warning"], "regex": "(?i)l.ne"}
    (found,) = (await controller.call("GET", LOGS, params=wanted))["items"]
    assert (found["id"], found["level"]) == ("p:0:0", "info")
    assert (peers.asked_logs[-1].levels, peers.asked_logs[-1].regex) == (("error", "warning"), "(?i)l.ne")
    for wrong in ({"level": "loud"}, {"regex": "("}, {"regex": "x" * 257}, {"regex": "(", "follow": "true"}):
        refused = await controller.call("GET", LOGS, 400, params=wrong)
        assert refused["details"][0]["loc"][:2] == ["query", next(iter(wrong))]

    around = await controller.call("GET", LOGS, params={"around": "p:0:10"})
    assert (around["items"][0]["id"], around["items"][0]["text"]) == ("p:0:10", "20 each way")
    for ignored in ({"search": "x"}, {"page_size": 5}, {"follow": "true"}, {"level": "info"}, {"from": AT.isoformat()}):
        refused = await controller.call("GET", LOGS, 400, params={"around": "p:0:10", **ignored})
        assert refused["details"][0]["loc"] == ["query", next(iter(ignored))]

    pages += stored(5, 2)
    file = await controller.client.get(f"/api/v1{LOGS}/download", params=wanted)
    lines = file.text.splitlines()
    assert lines == [f"{AT.isoformat()} p <b>line {number}</b>" for number in range(5)]
    assert file.headers["content-type"] == "text/plain; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="wine-logs.txt"'
    assert file.headers["x-content-type-options"] == "nosniff"
    first, *_, last = peers.asked_logs[-3:]
    assert (first.is_oldest_first, first.is_settled, first.levels, last.cursor) == (
        True,
        True,
        ("error", "warning"),
        "4",
    )
    assert first.to_time is not None

    pages += stored(5, 2)[:2]
    file = await controller.client.get(f"/api/v1{LOGS}/download")
    assert file.text.splitlines()[4:] == ["# cut here: the monitor is not there"]
    monkeypatch.setattr(log_download, "MOST_LINES", 3)
    for count, told in ((5, 1), (3, 0)):
        pages[:] = stored(count, 2)
        lines = (await controller.client.get(f"/api/v1{LOGS}/download")).text.splitlines()
        assert (len(lines), sum(line.startswith("# cut here; ask again") for line in lines)) == (3 + told, told)
    pages.clear()
    await controller.call("GET", f"{LOGS}/download", 503)
    await controller.call("GET", f"{LOGS}/download", 400, params={"page_size": 5})


def test_a_line_has_the_same_id_live_as_stored() -> None:
    line = LogLine(at=AT, offset=7, text="x")
    assert LogEntry(version="v1", pod="p", run=2, **line.model_dump()).id == "p:2:7"
