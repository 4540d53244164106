"""What the monitor measures, made up: samples of many pods, and weeks of blocks."""
