"""Quality rules (monitors), and the training data that they compare with."""
