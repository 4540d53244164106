"""Print VersionCreated, PodScheduled and RequestLogged as they happen. Usage: python subscribe.py NATS_URL

The URL of a user that may only read is in `$PENSTOCK_HOME/nats-subscriber-url`. Needs `pip install nats-py` alone.
"""

import asyncio
import json
import sys

import nats

SUBJECTS = ("penstock.events.version.created.v1", "penstock.events.pod.scheduled.v1", "penstock.requests.v1.>")


async def main(url: str) -> None:
    async def show(message: nats.aio.msg.Msg) -> None:
        print((message.headers or {}).get("ce-type", "?"), json.dumps(json.loads(message.data))[:300], flush=True)

    connection = await nats.connect(url)
    for subject in SUBJECTS:
        await connection.subscribe(subject, cb=show)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
