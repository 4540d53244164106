"""`python answering.py NETWORK`: a model server's health and report at port 8080 of every address of a network.

All that is real of simulated pods: the scheduler reads them over HTTP, as it reads those of a real cluster.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import resource
import socket
import sys
from contextlib import suppress

PORT = 8080
REPORT = {
    "load_ms": 1.0,
    "example": {"status": "absent"},
    "row_wise": False,
    "row_wise_reason": "unproven",
    "has_signature": False,
    "revision": 1,
}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        body = json.dumps(REPORT if b" /check " in head.splitlines()[0] else {}).encode()
        lines = b"HTTP/1.1 200 OK\r\nX-Penstock-Revision: 1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        writer.write(lines % len(body) + body)
        await writer.drain()
    writer.close()


async def _main(network: str) -> None:
    addresses = [str(each) for each in ipaddress.ip_network(network).hosts()]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for address in addresses:
        listening = socket.create_server((address, PORT), backlog=8)
        await asyncio.start_server(_answer, sock=listening)
    print("answering", flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
