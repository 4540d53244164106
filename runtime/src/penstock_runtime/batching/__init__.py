"""Requests wait here, and are predicted together where they may be: on the event loop or in a worker process."""
