"""Queries of resource specs, groups, nodes and runs of pods."""
