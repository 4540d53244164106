"""Requests and their counts, as a router logs them while the bus and the logger are killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from nats.js import JetStreamContext

from running_services.logged_requests import log
from shared.bus.nats_errors import NATS_ERRORS
from shared.contracts.metrics.log_counts import LogCounts
from shared.events.request import REQUESTS_SUBJECT, RequestLogged
from waiting.eventually import eventually


@dataclass
class LoggedTraffic:
    """Messages of two records each, published as a router does: again, with the same id, until the stream has it.

    So are its counts: ten requests a second, as far as their times go.
    """

    js: JetStreamContext
    make: Callable[[str], dict[str, Any]]
    """A record of that name."""
    rows: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=30))
    by_minute: Counter[datetime] = field(default_factory=Counter)
    source: str = field(default_factory=lambda: str(uuid4()))

    async def log(self, messages: int) -> None:
        for _ in range(messages):
            times = [self.began + (self.rows + number) * timedelta(seconds=0.1) for number in range(2)]
            records = [
                self.make(f"r{self.rows + number}") | {"received_at": time.isoformat()}
                for number, time in enumerate(times)
            ]
            await eventually(partial(self._is_stored, *records), every=0.1)
            self.rows += 2
            self.by_minute.update(time.replace(second=0, microsecond=0) for time in times)

    async def tell(self, *, is_complete: bool = False) -> None:
        """What was sent so far, as a shipper tells it behind the records."""
        counts = tuple(
            LogCounts(source=self.source, minute=minute, logged=logged, dropped={}, is_complete=is_complete)
            for minute, logged in self.by_minute.items()
        )
        body = RequestLogged(records=(), counts=counts).model_dump_json().encode()

        async def is_stored() -> bool:
            try:
                return (await self.js.publish(f"{REQUESTS_SUBJECT}.wine", body, stream="REQUESTS")).seq > 0
            except NATS_ERRORS:
                return False

        await eventually(is_stored, every=0.1)

    async def _is_stored(self, *records: dict[str, Any]) -> bool:
        try:
            return await log(self.js, *records, msg_id=records[0]["request_id"]) > 0
        except NATS_ERRORS:
            return False
