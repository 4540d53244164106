"""Holds intent: services, versions, traffic, keys. The control plane's only HTTP API."""
