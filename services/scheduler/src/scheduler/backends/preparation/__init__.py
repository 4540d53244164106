"""What a pod needs before it can start: its model, its environment, its variables, its command."""
