"""Keeps what was measured: traffic, usage, pod events and logs."""
