"""Use cases of retraining: asked for, driven to the end, shown."""
