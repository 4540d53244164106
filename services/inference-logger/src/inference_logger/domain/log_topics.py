"""Which log topics get which records. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from inference_logger.domain.records import RawRecord
from inference_logger.domain.tables import ReceivedMessage

PRIVATE = frozenset({"destination", "log_topic"})
"""Fields of a record that say where it goes."""


@dataclass(frozen=True)
class TopicMessage:
    """Records of one message of the request log, for one topic; the same in every replay, its id as well."""

    topic: str
    service: str
    message_id: str
    body: bytes


def topic_messages(messages: Sequence[ReceivedMessage], stream: str) -> list[TopicMessage]:
    """In the order of the stream; none for records without a topic."""
    return [
        TopicMessage(topic, records[0]["service"], f"{stream}:{message.sequence}:{topic}", _body(records))
        for message in messages
        for topic, records in _by_topic(message.records).items()
    ]


def _by_topic(records: Sequence[RawRecord]) -> dict[str, list[RawRecord]]:
    found: dict[str, list[RawRecord]] = {}
    for record in records:
        if (topic := record.get("log_topic")) is not None:
            found.setdefault(topic, []).append(record)
    return found


def _body(records: Sequence[RawRecord]) -> bytes:
    shown = [{name: value for name, value in record.items() if name not in PRIVATE} for record in records]
    return orjson.dumps({"records": shown})
