"""What other systems build against, generated from the catalogue: a JSON Schema per event, and AsyncAPI.

`python -m shared.events.schemas --write` writes them into `shared/schemas/` and `shared/asyncapi.json`; `--check` fails
when what is committed differs, which means that a contract has changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shared.events.base import Event
from shared.events.catalogue import CATALOGUE, CatalogueEntry
from shared.events.request import REQUESTS_SUBJECT, RequestLogged

FOLDER = Path(__file__).parents[3]
"""The folder `shared/` of the repository."""

_HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode.",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-subject"],
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid", "description": "Equals `Nats-Msg-Id`; repeats have the same."},
        "ce-source": {"type": "string"},
        "ce-type": {"type": "string"},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-subject": {"type": "string", "description": "The entity; facts of one entity are in order."},
        "ce-correlationid": {"type": "string"},
        "ce-causationid": {"type": "string"},
        "traceparent": {"type": "string"},
    },
}


def subject_pattern(event: type[Event]) -> str:
    """Where an event is published; `RequestLogged` has the service's name at the end."""
    return f"{REQUESTS_SUBJECT}.{{service}}" if event is RequestLogged else event.subject()


def schema(event: type[Event]) -> dict[str, Any]:
    """JSON Schema of an event's body."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:penstock:event:{event.event_type()}",
        **event.model_json_schema(mode="serialization"),
    }


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0 of every event: channel, message, who sends and who receives it."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Penstock events", "version": "1", "description": "Facts on NATS JetStream."},
        "defaultContentType": "application/json",
        "channels": {entry.event.event_type(): _channel(entry) for entry in CATALOGUE},
        "operations": _operations(),
        "components": {
            "messages": {entry.event.event_type(): _message(entry.event) for entry in CATALOGUE},
            "schemas": {"Headers": _HEADERS},
        },
    }


def _channel(entry: CatalogueEntry) -> dict[str, Any]:
    event = entry.event
    channel: dict[str, Any] = {
        "address": subject_pattern(event),
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.event_type()}"}},
    }
    if event is RequestLogged:
        channel["parameters"] = {"service": {"description": "Name of the service."}}
    return channel


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.__name__,
        "title": (event.__doc__ or "").strip().partition("\n")[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"schemas/{event.event_type()}.json"},
    }


def _operations() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in CATALOGUE:
        name = entry.event.event_type()
        channel = {"$ref": f"#/channels/{name}"}
        found[f"{entry.producer}.sends.{name}"] = {"action": "send", "channel": channel}
        for consumer in entry.consumers:
            found[f"{consumer}.receives.{name}"] = {"action": "receive", "channel": channel}
    return found


def generated() -> dict[str, str]:
    """Path below `shared/` → text."""
    files = {f"schemas/{entry.event.event_type()}.json": schema(entry.event) for entry in CATALOGUE}
    files["asyncapi.json"] = asyncapi()
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in files.items()}


def write(folder: Path) -> None:
    """Write everything; a schema of an event that is gone is removed."""
    files = generated()
    (folder / "schemas").mkdir(exist_ok=True)
    for stale in (folder / "schemas").glob("*.json"):
        if f"schemas/{stale.name}" not in files:
            stale.unlink()
    for path, content in files.items():
        (folder / path).write_text(content)


def differences(folder: Path) -> list[str]:
    """What is committed and is not what would be generated, a line each."""
    files = generated()
    found = [
        f"{path}: {'differs' if (folder / path).exists() else 'is missing'}"
        for path, content in files.items()
        if not (folder / path).exists() or (folder / path).read_text() != content
    ]
    stale = [path.name for path in (folder / "schemas").glob("*.json") if f"schemas/{path.name}" not in files]
    return found + [f"schemas/{name}: belongs to no event" for name in stale]


def main(arguments: list[str]) -> int:
    """`--check` or `--write`."""
    if arguments == ["--write"]:
        write(FOLDER)
        return 0
    if arguments != ["--check"]:
        print("usage: python -m shared.events.schemas --check | --write", file=sys.stderr)
        return 2
    found = differences(FOLDER)
    for line in found:
        print(f"{line} (python -m shared.events.schemas --write)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
