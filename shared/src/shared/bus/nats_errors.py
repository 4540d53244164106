"""What nats-py raises while the bus is away, overloaded or without a stream."""

from __future__ import annotations

import nats.errors
from nats.js.errors import Error as JetStreamError

NATS_ERRORS = (nats.errors.Error, JetStreamError, TimeoutError, OSError)
