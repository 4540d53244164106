"""Untrusted YAML: bounded depth and number of events, no aliases; a document beyond the bounds is not read.

libyaml builds nested lists by recursion, and 40,000 brackets in a row end the process with a segmentation fault
(PyYAML 6.0.3); a list of 400,000 items takes it ten seconds.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 32
"""As at the data plane: what is nested deeper would be refused as a request."""
MAX_EVENTS = 20_000
"""An `MLmodel` file with ten flavours has some 300; a signature is one of them, however many columns it has."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(text: bytes | str) -> Any:
    """The parsed document; None where it is malformed or exceeds the bounds."""
    try:
        return yaml.load(text, Loader=_LOADER) if _is_within_bounds(text) else None  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # `2023-99-99` is a ValueError
        return None


def _is_within_bounds(text: bytes | str) -> bool:
    """Events come one by one, without recursion."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_EVENTS or isinstance(event, yaml.AliasEvent):
            return False
    return True
