"""Routes of where models come from: registered models, and the secrets that open registries."""
