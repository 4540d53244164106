"""The labels table of a service, and the labelled tables that are derived from it."""
