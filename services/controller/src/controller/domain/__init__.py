"""Values and decisions of the control plane; no I/O, no clock, no framework."""
