"""HTTP/1.1 in front of a model: connections, which path is answered how, ids of requests."""
