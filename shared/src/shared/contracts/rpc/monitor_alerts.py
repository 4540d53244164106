"""RPC methods of the monitor: alerts, their acknowledgement, channels as they do and are tested."""

from __future__ import annotations

from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertPage,
    AlertQuery,
    AlertsQuery,
    ChannelHealths,
    ChannelTest,
    ChannelTestQuery,
)
from shared.contracts.rpc.method import Nothing, RpcMethod

ALERTS = RpcMethod("monitor", "alerts", AlertsQuery, AlertPage)
ALERT = RpcMethod("monitor", "alert", AlertQuery, AlertDetail)
ACKNOWLEDGE_ALERT = RpcMethod("monitor", "acknowledge_alert", Acknowledgement, AlertEntry)
CHANNEL_HEALTHS = RpcMethod("monitor", "channel_healths", Nothing, ChannelHealths)
TEST_CHANNEL = RpcMethod("monitor", "test_channel", ChannelTestQuery, ChannelTest)
