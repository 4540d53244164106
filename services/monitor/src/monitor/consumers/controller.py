"""The bus: what the controller is asked about alerts."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from shared.bus import Bus
from shared.contracts.alerting.alerts import AlertingDefinitions, AlertingQuery, ChannelCredentials, ChannelQuery
from shared.contracts.rpc.alerts import ALERTING, CHANNEL_CREDENTIALS

ANSWER_WITHIN_S = 3.0


class AlertingOverBus:
    """Implements `handlers.alerts.delivery_loop.AlertingCalls`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def definitions(self, known: str | None) -> AlertingDefinitions:
        """All that is defined; marked as unchanged where it is what was known."""
        answer = await self._bus.call(ALERTING, AlertingQuery(known=known), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, AlertingDefinitions)
        return answer

    async def credentials(self, channel: UUID) -> Mapping[str, str]:
        """What the secret of a channel holds."""
        answer = await self._bus.call(CHANNEL_CREDENTIALS, ChannelQuery(id=channel), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, ChannelCredentials)
        return answer.values
