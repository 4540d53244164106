"""Traffic, usage and replicas: rolled up, read as charts and summaries."""
