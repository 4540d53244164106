"""Routes of inference tables: what they hold, where they lie, masking and erasure."""
