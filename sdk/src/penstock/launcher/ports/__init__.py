"""Ports of a platform: the public ones and those of `/metrics` and `/readyz`."""
