"""Queries of destinations, masking keys and erasures."""
