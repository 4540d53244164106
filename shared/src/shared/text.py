"""Texts of others, as they can be kept."""

from __future__ import annotations


def without_nul(text: str) -> str:
    """As every database can hold it: PostgreSQL's `text` has no NUL."""
    return text.replace("\0", "\ufffd")
