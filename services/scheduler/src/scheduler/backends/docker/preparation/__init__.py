"""What a pod needs before its container is made: a runtime image, an environment that fits the model."""
