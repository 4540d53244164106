"""The nodes of the cluster: those of resource groups, and the room that all have."""
