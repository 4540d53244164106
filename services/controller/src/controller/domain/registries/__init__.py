"""Where models come from: registered models, their files, secrets, and environment variables."""
