"""Read a log topic and go on where it ended: log_topic.py NATS_URL penstock.logtopics.v1.team-a.wine POSITION_FILE."""

import asyncio
import json
import os
import sys
from pathlib import Path

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy


def _read_position(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


def _print(message: nats.aio.msg.Msg, position: Path) -> None:
    for record in json.loads(message.data)["records"]:
        print(record["request_id"], record["status_code"], record["response"], flush=True)
    position.write_text(str(message.metadata.sequence.stream))


async def _main(url: str, subject: str, position: Path) -> None:
    connection = await nats.connect(url)
    js = connection.jetstream()
    config = ConsumerConfig(
        name=f"example-{os.getpid()}",
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=_read_position(position) + 1,
        filter_subject=subject,
        inactive_threshold=60,
    )
    await js.add_consumer("LOGTOPICS", config)
    pull = await js.pull_subscribe_bind(config.name, stream="LOGTOPICS")
    while True:
        try:
            messages = await pull.fetch(100, timeout=1)
        except nats.errors.TimeoutError:
            break  # all that there is
        for message in messages:
            _print(message, position)
    await connection.close()


asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
