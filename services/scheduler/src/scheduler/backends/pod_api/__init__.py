"""A pod as its backend calls it over HTTP: its token and its health."""
