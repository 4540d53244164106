"""Routes of alerts, and of what is defined about them."""
