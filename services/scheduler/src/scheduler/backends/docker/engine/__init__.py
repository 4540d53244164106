"""A container engine (Docker, or Podman's compatible socket): some 20 endpoints of its HTTP API."""
