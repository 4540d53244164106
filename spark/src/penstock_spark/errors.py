"""What a job ends with. No I/O."""

from __future__ import annotations


class Refused(Exception):
    """The job cannot or may not be done as it was asked for; the message is for whoever submitted it."""
