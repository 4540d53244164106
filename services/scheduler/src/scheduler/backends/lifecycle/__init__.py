"""The life of a pod, whatever runs it: placement, runs and their ends, back-off, drain, its folder on disk."""
