"""Verdicts on canaries: sequential tests that may be looked at at any time."""
