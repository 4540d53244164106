"""Use cases of what pods run on: resource specs, groups, nodes, metering and usage."""
