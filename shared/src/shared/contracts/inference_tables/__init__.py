"""Rows of inference tables: what is read into them, and what is erased from them."""
