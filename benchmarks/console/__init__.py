"""What part (k) measures: the web console in Chromium, over a platform that has much to show."""
