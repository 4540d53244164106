"""Use cases of inference tables: destinations, masking keys and erasures."""
