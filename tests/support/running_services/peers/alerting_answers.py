"""The controller, as far as the monitor asks it about alerts; and a receiver of webhooks."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from servers.threaded_server import ThreadedServer
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.alerting.alerts import (
    AlertingDefinitions,
    AlertingQuery,
    ChannelCredentials,
    ChannelQuery,
    ChannelRoute,
    RoutedChannel,
)
from shared.contracts.alerting.channels import ChannelDefinition
from shared.contracts.rpc.alerts import ALERTING, CHANNEL_CREDENTIALS
from shared.errors import NotFound
from shared.ids import new_id

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Takes what is posted; answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.attempts: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.attempts.append((self.headers["webhook-id"], json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None: ...  # noqa: A002

        self.server = ThreadedServer(Handler)
        self.server.start()

    @property
    def messages(self) -> dict[str, dict[str, Any]]:
        """What came, each id once."""
        return dict(self.attempts)

    def close(self) -> None:
        self.server.stop()


class AlertingAnswers:
    """Defines channels, silences and maintenance; a test says which."""

    def __init__(self, nats_url: str) -> None:
        self.bus = Bus("controller", nats_url, clock=SystemClock(), owns_streams=True)
        self.definitions = AlertingDefinitions(revision="1", projects={"wine": "default"})
        self.credentials = {"secret": SECRET}
        self.bus.serve(ALERTING, self._definitions)
        self.bus.serve(CHANNEL_CREDENTIALS, self._credentials)

    def define_webhook(self, url: str, name: str = "team", **route: Any) -> RoutedChannel:
        channel = ChannelDefinition(
            id=new_id(), project=None, name=name, kind="webhook", options={"url": url}, secret="hook"
        )
        routed = RoutedChannel(channel=channel, route=ChannelRoute(**route), secret_revision=1)
        self.change(channels=(*self.definitions.channels, routed))
        return routed

    def change(self, **fields: Any) -> None:
        revision = str(int(self.definitions.revision) + 1)
        self.definitions = self.definitions.model_copy(update={**fields, "revision": revision})

    async def _definitions(self, query: AlertingQuery) -> AlertingDefinitions:
        if query.known == self.definitions.revision:
            return AlertingDefinitions(revision=query.known, is_unchanged=True)
        return self.definitions

    async def _credentials(self, query: ChannelQuery) -> ChannelCredentials:
        if all(query.id != routed.channel.id for routed in self.definitions.channels):
            raise NotFound("There is no such channel any more")
        return ChannelCredentials(values=self.credentials)
