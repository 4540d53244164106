"""Replicas of the inference-logger, and how they share the services."""
