"""Use cases of canaries."""
