"""What the code of a model, and of its environment's build, can reach on this machine."""
