"""What pods run on: resource specs, groups, nodes, and the counting of usage."""
