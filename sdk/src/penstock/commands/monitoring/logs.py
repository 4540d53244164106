"""`penstock logs`: the last lines, those around one, those that are printed from now on, or all of them in a file."""

from __future__ import annotations

import json
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, plain_line
from penstock.commands.monitoring.observability import From, Pod, Service, To, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.client import Client
    from penstock.client.types import LogLine

    Filters = dict[str, Any]

FOLLOWED_LINES = 20
LINES_AROUND = 20
MOST_BEFORE = 1000


class Level(StrEnum):
    """What a line says that it is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


Regex = Annotated[str | None, typer.Option(help="A regular expression (RE2's) that the line has a match of.")]
Levels = Annotated[
    list[Level] | None, typer.Option(help="Only lines that say that they are of this level; may be repeated.")
]
RequestId = Annotated[
    str | None, typer.Option(help="Only what was printed for this request: its id, as X-Request-Id has it.")
]
LineCount = Annotated[
    int | None,
    typer.Option(
        "--lines", "-n", min=0, help="How many at most, 100; with -f so many before, 20; with --around: 20 each way."
    ),
]
Around = Annotated[str | None, typer.Option(help="The lines around this one of its pod: its id, as -o json has it.")]
Download = Annotated[
    Path | None, typer.Option(help="Write up to 100,000 lines to this file, oldest first.", dir_okay=False)
]


def logs(
    service: Service,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Lines as they are printed, until Ctrl-C.")] = False,
    version: Version = None,
    pod: Pod = None,
    search: Annotated[str | None, typer.Option(help="A word in the line.")] = None,
    regex: Regex = None,
    level: Levels = None,
    request: RequestId = None,
    from_time: From = None,
    to_time: To = None,
    lines: LineCount = None,
    around: Around = None,
    download: Download = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what the pods of a service printed, the newest last. JSON is one object per line."""
    wanted: Filters = {"version": version, "pod": pod, "search": search, "regex": regex, "level": level or ()}
    wanted |= {"request_id": request, "from_time": from_time, "to_time": to_time}
    if sum((follow, around is not None, download is not None)) > 1:
        raise typer.BadParameter("--follow, --around and --download do not go together")
    with connect() as client:
        if download is not None:
            download.write_text(client.download_logs(service, **wanted), encoding="utf-8")
            return
        if follow:
            found: Iterable[LogLine] = _follow(client, service, wanted, lines)
        elif around is not None:
            found = _around(client, service, around, wanted, lines)
        else:
            found = _last_lines(client, service, wanted, 100 if lines is None else lines)
        for line in found:
            _print(line, output)


def _around(client: Client, service: str, line: str, wanted: Filters, lines: int | None) -> list[LogLine]:
    version = wanted.pop("version")
    if any(wanted.values()):
        raise typer.BadParameter(
            "--around shows a line among its pod's: besides --version and --lines it takes no filter"
        )
    count = LINES_AROUND if lines is None else lines
    return list(client.logs_around(service, line, version=version, lines=count))[::-1]


def _follow(client: Client, service: str, wanted: Filters, lines: int | None) -> Iterator[LogLine]:
    if wanted.pop("to_time") or (wanted["from_time"] and lines is not None):
        raise typer.BadParameter("--follow has no end (--to), and begins at a time (--from) or so many --lines back")
    if lines is not None and lines > MOST_BEFORE:
        raise typer.BadParameter(f"--follow begins {MOST_BEFORE} lines back at most; --from has no such bound")
    before = None if wanted["from_time"] else FOLLOWED_LINES if lines is None else lines
    return client.follow_logs(service, **wanted, lines=before)


def _last_lines(client: Client, service: str, wanted: Filters, lines: int) -> list[LogLine]:
    if not lines:
        return []
    return list(islice(client.logs(service, **wanted, page_size=min(lines, 1000)), lines))[::-1]


def _print(line: LogLine, output: Format) -> None:
    text = f"{line['at']} {line['pod']} {plain_line(line['text'])}"
    print(json.dumps(line, ensure_ascii=False) if output is Format.JSON else text, flush=True)
