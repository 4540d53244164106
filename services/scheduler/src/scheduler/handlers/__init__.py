"""Use cases of the scheduler; loops and consumers commit."""
