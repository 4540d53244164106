"""The request spool: what was answered, on disk before the answer's last byte leaves, until the bus has it.

One process writes (`SpoolWriter`, in the data plane), another reads (`SpoolReader`, the shipper). Format:
docs/spool.md.
"""

from router.spool.reader import SpoolBatch, SpoolReader
from router.spool.writer import SpoolState, SpoolWriter

__all__ = ["SpoolBatch", "SpoolReader", "SpoolState", "SpoolWriter"]
