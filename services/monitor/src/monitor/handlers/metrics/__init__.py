"""Answers about what was measured."""
