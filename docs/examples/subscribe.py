"""Print what happens, as it happens: python subscribe.py "$(cat .penstock/nats-subscriber-url)" (needs nats-py)."""

import asyncio
import sys

import nats

SUBJECTS = ("penstock.events.version.created.v1", "penstock.events.pod.scheduled.v1", "penstock.requests.v1.>")


async def _main(url: str) -> None:
    connection = await nats.connect(url)
    messages: asyncio.Queue[nats.aio.msg.Msg] = asyncio.Queue()
    for subject in SUBJECTS:
        await connection.subscribe(subject, cb=messages.put)
    while message := await messages.get():
        print((message.headers or {}).get("ce-type"), message.data.decode()[:300], flush=True)


asyncio.run(_main(sys.argv[1]))
