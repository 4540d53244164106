"""What the statistics of monitors are measured on."""
