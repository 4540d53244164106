"""A real API server with nodes that kwok simulates: what part (r) needs of a cluster."""
