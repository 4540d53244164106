"""Profiles and drift as rows of tables that others know."""
