"""Commands of what pods need: specs, groups and nodes, secrets, models, environments, usage."""
