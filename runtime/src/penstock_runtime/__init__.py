"""The model server inside a pod."""
