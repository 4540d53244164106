"""`penstock platform`, `penstock changes`: how the platform is, and what changes on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, plain_line, show_all
from penstock.counted import counted

COLUMNS = ("part", "name", "state", "used", "bound", "fill", "note")


def platform(output: Output = Format.TABLE) -> None:
    """Show how the platform is: services, streams, spools, what waits, sizes. Needs an administrator."""
    with connect() as client:
        found = client.platform()
    if output is Format.JSON:
        print(json.dumps(found, ensure_ascii=False))
        return
    show_all(_lines(found), COLUMNS, output)


def changes(
    since: Annotated[str | None, typer.Option(help="Go on after this id; else from now on.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what changes on the platform, as it does, until Ctrl-C. JSON is one object per line.

    `reset`: changes may be missing, everything is to be read anew.
    """
    with connect() as client:
        for change in client.changes(last_event_id=since):
            if output is Format.JSON:
                print(json.dumps(change, ensure_ascii=False), flush=True)
                continue
            of = f" of {change['service']}" if change["service"] not in (None, change["name"]) else ""
            print(plain_line(f"{change['id']} {change['kind']} {change['name']}{of}").rstrip(), flush=True)


def _lines(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in found["services"]:
        note = each.get("problem") or (f"since {each['since']}" if each["since"] else None)
        yield {"part": "service", "name": each["name"], "state": each["state"], "note": note}
    for each in found["streams"]:
        bounds = {"used": _size(each["bytes"]), "bound": _size(each["max_bytes"]), "fill": _share(each["fill"])}
        yield {"part": "stream", "name": each["name"], **bounds, "note": counted(each["messages"], "message")}
    for each in found["spool"]:
        used, bound = each["bytes"], each["max_bytes"]
        fill = _share(used / bound if bound else None)
        yield {"part": "spool", "name": each["router"], "used": _size(used), "bound": _size(bound), "fill": fill}
    for each in found["stores"]:
        yield {"part": "store", "name": each["service"], "used": _size(each["bytes"]), "note": each["kind"]}
    waiting = found["inference_logger"]
    if waiting["pending"] is not None:
        backlog, unacked = waiting["pending"], waiting["unacked"]
        words = f"{counted(backlog, 'message')} {'waits' if backlog == 1 else 'wait'}"
        note = f"{words}, {unacked} {'is' if unacked == 1 else 'are'} being written"
        yield {"part": "inference log", "name": "backlog", "note": note}
    yield {"part": "dead letters", "name": "all", "note": found["dead_letters"]}


def _size(count: int | None) -> str | None:
    return None if count is None else f"{count / 1024**2:.1f} MiB"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"
