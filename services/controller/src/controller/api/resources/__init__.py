"""Routes of what pods run on: resource specs, resource groups and their nodes, capacity, and usage."""
