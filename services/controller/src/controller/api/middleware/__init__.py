"""ASGI middleware of every request: authentication, bodies, metrics. It knows no route."""
