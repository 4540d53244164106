"""RPC methods of the controller: what is defined about alerts, and credentials of channels for the monitor alone."""

from __future__ import annotations

from shared.contracts.alerting.alerts import AlertingDefinitions, AlertingQuery, ChannelCredentials, ChannelQuery
from shared.contracts.rpc.method import RpcMethod

ALERTING = RpcMethod("controller", "alerting", AlertingQuery, AlertingDefinitions)
CHANNEL_CREDENTIALS = RpcMethod("controller", "channel_credentials", ChannelQuery, ChannelCredentials)
