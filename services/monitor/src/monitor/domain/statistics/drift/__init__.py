"""Distances and tests between a window's column and its baseline's."""
