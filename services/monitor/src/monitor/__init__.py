"""Keeps what was measured: traffic, usage, pod events and logs."""

import shared  # noqa: F401 - before anything imports httpx: see there
