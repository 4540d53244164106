"""Mergeable profiles of columns, made batch by batch in bounded memory."""
