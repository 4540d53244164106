"""RPC methods of alerts: what is defined and channels' credentials at the controller, the rest at the monitor."""

from __future__ import annotations

from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertingDefinitions,
    AlertingQuery,
    AlertPage,
    AlertQuery,
    AlertsQuery,
    ChannelCredentials,
    ChannelHealths,
    ChannelQuery,
    ChannelTest,
    ChannelTestQuery,
)
from shared.contracts.rpc.method import Nothing, RpcMethod

ALERTING = RpcMethod("controller", "alerting", AlertingQuery, AlertingDefinitions)
CHANNEL_CREDENTIALS = RpcMethod("controller", "channel_credentials", ChannelQuery, ChannelCredentials)
ALERTS = RpcMethod("monitor", "alerts", AlertsQuery, AlertPage)
ALERT = RpcMethod("monitor", "alert", AlertQuery, AlertDetail)
ACKNOWLEDGE_ALERT = RpcMethod("monitor", "acknowledge_alert", Acknowledgement, AlertEntry)
CHANNEL_HEALTHS = RpcMethod("monitor", "channel_healths", Nothing, ChannelHealths)
TEST_CHANNEL = RpcMethod("monitor", "test_channel", ChannelTestQuery, ChannelTest)
