"""A Spark of one machine for tests."""
