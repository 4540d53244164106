"""Writes requests into Delta tables, exactly once."""

import shared.bus  # noqa: F401 - before anything imports nats-py: see there
