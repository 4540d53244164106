"""Holds intent: services, versions, traffic, keys. The control plane's only HTTP API."""

import shared  # noqa: F401 - before anything imports httpx: see there
