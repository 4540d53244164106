"""The request spool: records on disk before the response's last byte leaves, until the bus has stored them.

One process writes (`SpoolWriter`, in the data plane), another reads (`SpoolReader`, the shipper). Format:
docs/spool.md.
"""

from router.spool.reader import SpoolBatch, SpoolReader
from router.spool.writer import SpoolState, SpoolWriter

__all__ = ["SpoolBatch", "SpoolReader", "SpoolState", "SpoolWriter"]
