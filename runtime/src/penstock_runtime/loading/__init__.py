"""Loads a model and its input example, and says why one cannot be loaded."""
