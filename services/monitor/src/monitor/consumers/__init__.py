"""The bus: facts one by one through the inbox, samples and log lines in batches, calls."""
