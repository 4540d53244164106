"""Of a fake pod."""
