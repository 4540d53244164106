"""Use cases of the scheduler; the doors commit."""
