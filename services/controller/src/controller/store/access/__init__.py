"""Queries of people and credentials."""
