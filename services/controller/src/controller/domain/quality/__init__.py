"""Quality rules: what they may say."""
