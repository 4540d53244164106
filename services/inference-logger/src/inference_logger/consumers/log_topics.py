"""The bus: records are handed on to log topics, for other systems; at least once, behind the log itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from inference_logger.domain.log_topics import TopicMessage, topic_messages
from inference_logger.domain.tables import ReceivedMessage
from shared.bus import Bus
from shared.bus.topology import LOGTOPICS
from shared.events.request import LOG_TOPICS_SUBJECT, RequestLogged

AT_ONCE = 32
"""Messages whose acknowledgements are waited for together."""


async def publish_topics(bus: Bus, messages: Sequence[ReceivedMessage], stream: str) -> None:
    """Hand on what has a topic. Raises `Unavailable`: whoever reads the stream comes back with all of it."""
    found = topic_messages(messages, stream)
    for first in range(0, len(found), AT_ONCE):
        async with asyncio.TaskGroup() as publishing:
            for message in found[first : first + AT_ONCE]:
                publishing.create_task(_publish(bus, message), name=f"to log topic {message.topic}")


async def _publish(bus: Bus, message: TopicMessage) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": message.message_id,
        "ce-source": "penstock/inference-logger",
        "ce-type": RequestLogged.event_type(),
        "ce-subject": message.service,
        "content-type": "application/json",
    }
    await bus.publish_bulk(
        f"{LOG_TOPICS_SUBJECT}.{message.topic}",
        message.body,
        msg_id=message.message_id,
        stream=LOGTOPICS,
        headers=headers,
    )
