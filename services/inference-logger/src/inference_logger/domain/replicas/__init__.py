"""Several inference-loggers share the services: who owns which, and who is gone. Pure decisions."""
