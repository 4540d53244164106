"""Use cases of retraining triggers, and what came of retrainings in the registry."""
