"""Hands the values of secrets to a pod's process through a descriptor.

The descriptor is of a file that is in memory alone and has no name: the values are in no file of the pod, no command
line and no other process' environment.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def secrets_descriptor(variables: Mapping[str, str]) -> Iterator[list[int]]:
    """A descriptor that the variables can be read from, as JSON; none where there are no variables."""
    if not variables:
        yield []
        return
    descriptor = _nameless()
    try:
        os.write(descriptor, json.dumps(dict(variables)).encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield [descriptor]
    finally:
        os.close(descriptor)


def _nameless() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("environment")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
