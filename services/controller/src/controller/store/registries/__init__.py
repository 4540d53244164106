"""Queries of secrets."""
