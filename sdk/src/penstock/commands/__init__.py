"""The commands that talk to a control plane, in rooms by subject; `cli` is what all of them use."""
