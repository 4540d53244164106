"""Windows, progress and baselines of quality rules as rows."""
