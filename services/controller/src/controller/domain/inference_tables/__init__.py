"""Inference tables: where they may lie, masking and erasure."""
