"""One request from its admission to its record: a version, a pod, the response; or a wait in the hold queue."""
