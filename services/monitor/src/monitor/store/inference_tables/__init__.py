"""Inference tables, opened read-only at the place and version that the inference-logger's catalogue names."""
