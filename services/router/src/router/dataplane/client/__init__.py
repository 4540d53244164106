"""Connections of clients: bytes to requests, one response after the other, deadlines, TLS."""
