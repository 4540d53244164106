"""HTTP messages as values: heads of requests and responses, bodies, the router's own responses, cached heads."""
