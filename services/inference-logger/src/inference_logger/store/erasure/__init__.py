"""Erasures: rows out of tables, files out of folders, and how far that is."""
