"""Retraining: when it is asked for, what each system is told, what its answers mean. Pure."""
