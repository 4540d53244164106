"""The request spool: what was answered, on disk before the answer's last byte leaves, until the bus has it.

Format and recovery: docs/spool.md.
"""

from router.spool.ring import Batch, Spool, SpoolState

__all__ = ["Batch", "Spool", "SpoolState"]
