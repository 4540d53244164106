"""Looks at what runs: does it serve, can it write, when a restart heals."""
