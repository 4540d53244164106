"""Environments that models run in: planned from a model's files, built by uv, kept by their content."""
