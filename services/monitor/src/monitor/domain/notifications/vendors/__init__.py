"""One module for each receiver: `requests(message)` writes for it, `classify(answer, at)` reads what it says."""
