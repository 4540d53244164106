"""Queries of services and their versions."""
