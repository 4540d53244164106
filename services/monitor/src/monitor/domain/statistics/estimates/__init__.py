"""Quality of a model before its labels come, estimated from its own probabilities."""
