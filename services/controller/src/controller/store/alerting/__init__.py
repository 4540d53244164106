"""Queries of channels, silences and maintenance."""
