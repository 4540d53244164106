"""Canaries and their verdicts as rows."""
