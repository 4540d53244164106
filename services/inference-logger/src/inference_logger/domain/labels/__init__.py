"""Ground truth: labels as they come in, their history, and inferences joined with them. No I/O."""
