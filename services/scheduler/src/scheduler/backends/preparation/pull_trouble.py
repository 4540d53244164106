"""Why an image cannot be pulled although nothing is known against it: the same words on an engine and on a cluster."""

from __future__ import annotations

import re
from collections.abc import Sequence

Rule = tuple[str, str, str, bool]
"""Pattern in the puller's words, our reason, our sentence (`{image}`, `{where}`: who pulls it), whether no other try
of the same can help."""

PULL_TROUBLE: Sequence[Rule] = (
    (
        r"no space left",
        "NodeDiskFull",
        "the disk of {where} is too full for {image}: free some of it, or add a node; it is tried again",
        False,
    ),
    (
        r"x509|certificate",
        "RegistryNotTrusted",
        "{where} does not trust the certificate of the registry of {image}: have it trusted there; it is tried again",
        False,
    ),
    (
        r"toomanyrequests|rate limit|\b429\b",
        "RegistryLimit",
        "the registry of {image} gives out no more for now: name a secret with a user of it; it is tried again",
        False,
    ),
    (
        r"no such host|dial tcp|timeout|timed out|refused|unreachable|EOF|reset by peer|\b50[0-9]\b",
        "RegistryUnreachable",
        "{where} cannot reach the registry of {image}; it is tried again",
        False,
    ),
)
PULL_OTHER: Rule = ("", "ImagePullFailed", "the image {image} cannot be pulled; it is tried again", False)


def told_by(rules: Sequence[Rule], other: Rule, said: str, **facts: str) -> tuple[str, str, bool]:
    """Reason, sentence and whether it is for good, by the first of `rules` that knows what was said, else `other`."""
    for pattern, reason, sentence, is_terminal in rules:
        if found := re.search(pattern, said, re.IGNORECASE):
            return reason, sentence.format(**{**facts, **found.groupdict()}), is_terminal
    _, reason, sentence, is_terminal = other
    return reason, sentence.format(**facts), is_terminal
