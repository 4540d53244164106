"""Measurements: samples, the latency sketch, counts of the request log."""
