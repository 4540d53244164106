"""Open Inference V2: its paths, its requests in the terms of `payloads`, its responses and metadata."""
