"""Holds placement: which pods run where, and what became of them."""
