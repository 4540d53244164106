"""Servers that tests start beside what they test: NATS, PostgreSQL, MLflow, issuers, and those that misbehave."""
