"""`penstock log-topic read`: the records of a log topic as lines of JSON, from where the last reading ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.commands.monitoring.log_shapes import SHAPES
from penstock.launcher.home import Home

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

app = typer.Typer(help="Log topics: records of requests on the bus, for other systems.", no_args_is_help=True)

STREAM = "LOGTOPICS"
SUBJECT = "penstock.logtopics.v1"
BATCH = 100
WAIT_S = 1.0
IDLE_TURNS = 30
MOST_NAMED = 20
"""Without a message; then the consumer is made anew: the server may have forgotten it."""


class Shape(StrEnum):
    """Of the lines."""

    RECORDS = "records"
    SAGEMAKER = "sagemaker"
    DATABRICKS = "databricks"


@dataclass
class Place:
    """How far a topic was read, in a file. A stream that was made anew begins anew."""

    file: Path | None
    stream: str = ""
    sequence: int = 0

    def load(self, stream: str) -> None:
        """What the file says, if it is of this stream."""
        self.stream = stream
        if self.file is not None and self.file.exists():
            found = json.loads(self.file.read_text())
            if found["stream"] == stream:
                self.sequence = found["sequence"]

    def save(self, sequence: int) -> None:
        """Everything up to there was written out."""
        self.sequence = sequence
        if self.file is not None:
            fresh = self.file.with_name(f"{self.file.name}.part")
            fresh.write_text(json.dumps({"stream": self.stream, "sequence": sequence}))
            fresh.replace(self.file)


@app.command()
def read(
    topic: Annotated[
        str, typer.Argument(help="`<log set>/<topic>`, such as team-a/wine; services/wine: a service's own.")
    ],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until Ctrl-C.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(help="A file that keeps how far this was read: the next one goes on there.", dir_okay=False),
    ] = None,
    lines: Annotated[int | None, typer.Option("--lines", "-n", min=1, help="Messages at most.")] = None,
    format: Annotated[Shape, typer.Option(help="Of the lines.")] = Shape.RECORDS,  # noqa: A002
    url: Annotated[
        str | None,
        typer.Option(
            help="nats://user:password@host:port; else what nats-subscriber-url of the home says.",
            envvar="PENSTOCK_NATS_URL",
        ),
    ] = None,
) -> None:
    """Print the records of a log topic, oldest first, one JSON object a line; each at least once.

    A record that came twice has the same record_id. A topic that has no records is said on stderr.
    """
    subject = f"{SUBJECT}.{topic.replace('/', '.')}"
    address = url or _subscriber_url()
    with suppress(KeyboardInterrupt):
        asyncio.run(_read(address, subject, Place(state), format, lines, follow=follow))


def _subscriber_url() -> str:
    file = Home.from_environment(os.environ).path / "nats-subscriber-url"
    try:
        return file.read_text().strip()
    except OSError as error:
        raise typer.BadParameter(f"no --url, and {file} cannot be read: {error.strerror}") from error


async def _read(url: str, subject: str, place: Place, shape: Shape, most: int | None, *, follow: bool) -> None:
    import nats  # noqa: PLC0415 - most commands need no NATS

    connection = await nats.connect(url, max_reconnect_attempts=-1)
    count = 0
    try:
        js = connection.jetstream()
        if problem := empty_topic(subject, await _topics(js)):
            typer.echo(problem, err=True)
        async for message in _messages(js, subject, place, follow=follow):
            for record in json.loads(message.data)["records"]:
                sys.stdout.write(json.dumps(SHAPES[shape](record), ensure_ascii=False) + "\n")
            sys.stdout.flush()
            place.save(message.metadata.sequence.stream)
            count += 1
            if count == most:
                return
    finally:
        await connection.close()


async def _topics(js: JetStreamContext) -> list[str]:
    """Subjects that have records."""
    found = await js.stream_info(STREAM, subjects_filter=f"{SUBJECT}.>")
    return sorted(found.state.subjects or ())


def empty_topic(subject: str, known: Sequence[str]) -> str | None:
    """What to tell of a topic that no record is in: it may be misspelt. None: it has some."""
    if subject in known:
        return None
    names = [_name(each) for each in known]
    there = f"topics with records: {', '.join(names[:MOST_NAMED])}" if names else "no topic has any"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"the topic {_name(subject)} has no records; {there}{more}"


def _name(subject: str) -> str:
    return subject.removeprefix(f"{SUBJECT}.").replace(".", "/", 1)


async def _messages(js: JetStreamContext, subject: str, place: Place, *, follow: bool) -> AsyncIterator[Msg]:
    """In order, without a gap; a consumer that was lost, or skipped a message, is made anew behind the last one."""
    info = await js.stream_info(STREAM)
    place.load(str(info.created))
    while True:
        pull = await _pull(js, subject, place.sequence)
        delivered = idle = 0
        while idle < IDLE_TURNS:
            messages = await _fetch(pull)
            if not messages and not follow:
                return
            idle = 0 if messages else idle + 1
            for message in messages:
                delivered += 1
                if message.metadata.sequence.consumer != delivered:
                    idle = IDLE_TURNS
                    break
                yield message


async def _pull(js: JetStreamContext, subject: str, after: int) -> Any:
    from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy  # noqa: PLC0415

    config = ConsumerConfig(
        name=f"reader-{os.urandom(8).hex()}",
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        filter_subject=subject,
        inactive_threshold=60.0,
        mem_storage=True,
    )
    made = await js.add_consumer(STREAM, config)
    return await js.pull_subscribe_bind(made.name, stream=STREAM)


async def _fetch(pull: Any) -> list[Msg]:
    from nats.errors import TimeoutError as NatsTimeoutError  # noqa: PLC0415

    try:
        found: list[Msg] = await pull.fetch(BATCH, timeout=WAIT_S)
    except (NatsTimeoutError, TimeoutError):
        return []
    return found
