"""Inferences and labelled rows made with Spark: the inference-logger's own steps, called by another engine."""
