"""One loaded model: requests read and checked for it, and its predict for a batch of them."""
