"""One self-contained HTML page per window: what moved, against what, and how good the model is."""
