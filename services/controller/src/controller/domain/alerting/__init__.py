"""Channels, silences and maintenance: what people define about alerts."""
