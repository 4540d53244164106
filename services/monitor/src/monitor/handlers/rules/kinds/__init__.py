"""Rules of each kind: what is computed of a window."""
