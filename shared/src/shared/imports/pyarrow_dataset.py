"""PyArrow without pandas, a fifth of the logger's start and 36 MB of its memory: the logger makes no data frames.

PyArrow looks for pandas once. A process that began with this module has no `to_pandas`.
"""

from __future__ import annotations

from shared.imports import absent

with absent("pandas"):
    import pyarrow.dataset  # noqa: F401
