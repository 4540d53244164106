"""Answers about canaries."""
