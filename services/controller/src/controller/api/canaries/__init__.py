"""Routes of canaries."""
