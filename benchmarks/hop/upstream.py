"""The fastest upstream that Python makes: parses requests, answers each with the same 100 bytes of JSON.

`python -m benchmarks.hop.upstream PORT`
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop

_BODY = b'{"predictions":[5.6174839],"served_by":"upstream","padding":"%s"}' % (b"x" * 35)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A whole request was read."""
        self.transport.write(_ANSWER)


async def serve(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
