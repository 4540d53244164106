"""Whole platforms, and what is published, called and typed on them."""
