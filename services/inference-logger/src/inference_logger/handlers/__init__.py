"""Use cases of the inference-logger: commit, catch up, park, purge, answer, tidy, remove."""
