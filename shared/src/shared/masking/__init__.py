"""Masking of logged bodies: columns that are hashed, replaced or left out before anything of them is passed on."""
