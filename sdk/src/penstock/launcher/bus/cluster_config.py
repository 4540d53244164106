"""NATS' configuration on Kubernetes: one file for every server; what differs and what is secret are variables.

nats-server puts variables of its environment in the place of `$NAME`. So the file holds who may do what, and changes
with the release; passwords stand in a secret. Routes to the other servers are the chart's to know: they are included.
"""

from __future__ import annotations

import re

from penstock.launcher.bus.config import USERS, as_text, server_settings

CLIENTS, MONITORING = 4222, 8222
STORE = "/data/jetstream"
PID_FILE = "/run/nats/nats.pid"
_VARIABLE = re.compile(r'"(\$NATS_[A-Z_]+)"')


def password_variable(user: str) -> str:
    """`inference-logger` → `NATS_INFERENCE_LOGGER_PASSWORD`."""
    return f"NATS_{user.upper().replace('-', '_')}_PASSWORD"


def render_for_cluster() -> str:
    """The file. It includes `cluster.conf`, beside it."""
    settings = {
        "listen": f"0.0.0.0:{CLIENTS}",
        "http": f"0.0.0.0:{MONITORING}",
        "server_name": "$NATS_SERVER_NAME",
        "pid_file": PID_FILE,
        **server_settings(STORE, {user: f"${password_variable(user)}" for user in USERS}),
    }
    return _VARIABLE.sub(r"\1", as_text(settings)) + "include ./cluster.conf\n"
