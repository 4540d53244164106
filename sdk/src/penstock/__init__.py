"""Launcher, command line and client of Penstock."""
