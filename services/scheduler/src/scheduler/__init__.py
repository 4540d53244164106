"""Holds placement: which pods run where, and what became of them."""

import shared  # noqa: F401 - before anything imports httpx: see there
