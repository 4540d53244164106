"""Doors: the bus."""
