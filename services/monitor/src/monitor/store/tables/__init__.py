"""Tables of the monitor. Nobody else opens them; Alembic owns their shape."""

from monitor.store.tables.base import MonitorRow
from monitor.store.tables.events import EventRow
from monitor.store.tables.logs import NOT_EXAMINED, LogLineRow
from monitor.store.tables.metrics import (
    BlockRow,
    MeasuredRow,
    MinuteRow,
    PackedRow,
    RecentRow,
    ReplicasRow,
    SampleRow,
    TrafficRow,
    UsageRow,
)
from shared.bus.outbox import add_tables

__all__ = [
    "NOT_EXAMINED",
    "BlockRow",
    "EventRow",
    "LogLineRow",
    "MeasuredRow",
    "MinuteRow",
    "MonitorRow",
    "PackedRow",
    "RecentRow",
    "ReplicasRow",
    "SampleRow",
    "TrafficRow",
    "UsageRow",
]

add_tables(MonitorRow.metadata)
