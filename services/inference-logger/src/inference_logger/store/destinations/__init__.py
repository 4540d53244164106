"""Destinations in object stores: which there are, how they do, and what they can be trusted with."""
