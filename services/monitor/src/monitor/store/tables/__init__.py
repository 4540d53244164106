"""Tables of the monitor. Nobody else opens them; Alembic owns their shape."""

from monitor.store.tables.alerts import AlertingDefinitionsRow, AlertRow, ChannelStateRow, DeliveryRow
from monitor.store.tables.base import MonitorRow
from monitor.store.tables.events import EventRow
from monitor.store.tables.logs import NOT_EXAMINED, LogLineRow, LogSizeRow
from monitor.store.tables.metrics import (
    BlockRow,
    MeasuredRow,
    MinuteRow,
    PackedRow,
    PercentilesRow,
    RecentRow,
    ReplicasRow,
    SampleRow,
    TrafficRow,
    UsageRow,
)
from monitor.store.tables.retraining import RetrainingRow, RetrainingTriggerRow
from monitor.store.tables.rules import BaselineRow, RuleProgressRow, RuleWindowRow
from shared.bus.outbox import add_tables

__all__ = [
    "NOT_EXAMINED",
    "AlertRow",
    "AlertingDefinitionsRow",
    "BaselineRow",
    "BlockRow",
    "ChannelStateRow",
    "DeliveryRow",
    "EventRow",
    "LogLineRow",
    "LogSizeRow",
    "MeasuredRow",
    "MinuteRow",
    "MonitorRow",
    "PackedRow",
    "PercentilesRow",
    "RecentRow",
    "ReplicasRow",
    "RetrainingRow",
    "RetrainingTriggerRow",
    "RuleProgressRow",
    "RuleWindowRow",
    "SampleRow",
    "TrafficRow",
    "UsageRow",
]

add_tables(MonitorRow.metadata)
