"""Label sources are read when they are due."""
