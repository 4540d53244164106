"""Where a table of Spark's own may lie. Pure."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from penstock_spark.errors import Refused

EMBEDDED_KINDS = ("payload", "inferences", "labels", "labelled", "profile_metrics", "drift_metrics")
"""What the platform's own tables are called, beside each other."""


def check_place(source: str, target: str, *, is_ours: bool) -> None:
    """Raise `Refused` where the platform's own engine writes, or will. `is_ours`: Spark's job has made the source."""
    places = [_normal(each) for each in (source, target)]
    (folder, _), (beside, name) = (posixpath.split(each) for each in places)
    if places[0] == places[1]:
        raise Refused("the target is the source")
    if not is_ours and name in EMBEDDED_KINDS and folder == beside:
        raise Refused(
            f"{target} is where the platform writes {name}: two engines may not write one table. Give Spark a "
            "table of its own"
        )


def _normal(place: str) -> str:
    """The spellings of one place alike: `s3`, `s3a`, no scheme."""
    parts = urlsplit(place)
    path = unquote(parts.path) if parts.scheme == "file" else parts.path
    return posixpath.normpath(f"/{parts.netloc}/{path.lstrip('/')}")
