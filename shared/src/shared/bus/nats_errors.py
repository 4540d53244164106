"""What nats-py raises while the bus is away, overloaded or without a stream, and one line that says what it was."""

from __future__ import annotations

import nats.errors
from nats.js.errors import Error as JetStreamError

NATS_ERRORS = (nats.errors.Error, JetStreamError, TimeoutError, OSError)


def describe_error(error: BaseException) -> str:
    """Its words; its type where it has none, as most timeouts."""
    return str(error) or type(error).__name__
