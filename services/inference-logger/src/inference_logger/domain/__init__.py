"""Values and decisions of the inference-logger. No I/O."""
