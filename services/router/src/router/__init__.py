"""The data plane: POST /<service>/predict."""

import shared.bus  # noqa: F401 - before anything imports nats-py: see there
