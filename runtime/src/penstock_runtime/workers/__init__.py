"""Processes that predict beside the server: started or forked, given batches, replaced when they end."""
