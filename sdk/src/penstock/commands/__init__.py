"""The commands that talk to a control plane, one file per group."""
