"""Use cases of quality rules."""
