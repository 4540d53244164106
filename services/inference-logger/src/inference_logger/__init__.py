"""Writes requests into Delta tables, exactly once."""
