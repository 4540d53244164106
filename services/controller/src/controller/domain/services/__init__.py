"""Services and versions: their bodies, status, traffic, and debug requests."""
