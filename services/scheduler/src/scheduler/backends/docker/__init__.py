"""The Docker backend: one container for each run of a pod, through the Engine API."""
