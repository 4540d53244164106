"""The engine's machine, seen from here: its paths, the network of the pods, short-lived containers, GPUs."""
