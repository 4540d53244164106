"""Publishing a model in one command, publishing it once more, going back."""
