"""Whether a store keeps conditional writes apart: of many that put one object "if it is absent", exactly one may win.

Delta's commits rest on it. A store that lets two win (or does not know the header) would lose commits silently.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from uuid import uuid4

from inference_logger.store.s3 import S3Client, StoreFailure, StoreRefusal

AT_ONCE = 8
ROUNDS = 3
PATIENCE_S = 15.0
"""Stores that keep writers apart by a lock let them wait in steps of a second."""
SCRATCH = ".penstock"


def probe_conditional_puts(client: S3Client) -> str | None:
    """None when they are safe, else why not; raises `StoreFailure` where a request came to nothing.

    The scratch objects are removed again.
    """
    client = replace(client, timeout_s=max(PATIENCE_S, client.timeout_s))
    for _ in range(ROUNDS):
        why = _one_round(client, scratch_key(client, "probe"))
        if why is not None:
            return why
    return None


def check_writable(client: S3Client) -> None:
    """Write an object, list it, read it and remove it; raises `StoreFailure`."""
    key = scratch_key(client, "check")
    body = key.encode()
    client.put(key, body)
    if not client.has_any(key):
        raise StoreFailure("the store does not list what was just written to it")
    found = client.get(key)
    client.delete(key)
    if found != body:
        raise StoreFailure("the store does not give back what was just written to it")


def scratch_key(client: S3Client, name: str) -> str:
    """A key of an object that nobody else writes."""
    return f"{client.folder.prefix}/{SCRATCH}/{name}-{uuid4().hex}".lstrip("/")


def _one_round(client: S3Client, key: str) -> str | None:
    together = Barrier(AT_ONCE)

    def put(number: int) -> bool | StoreFailure:
        together.wait()
        try:
            return client.put(key, f"{number}".encode(), if_absent=True)
        except StoreFailure as failure:
            return failure

    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe") as pool:
            results = list(pool.map(put, range(AT_ONCE)))
        winners = results.count(True)
        if winners > 1:
            return f"{winners} of {AT_ONCE} simultaneous conditional writes of one object succeeded, not one"
        failures = [result for result in results if isinstance(result, StoreFailure)]
        if failures and not all(isinstance(result, StoreRefusal) for result in results):
            raise failures[0]  # it says nothing of the others
        if failures:
            return f"the store refuses conditional writes: {failures[0].message}"
        if client.put(key, b"late", if_absent=True):
            return "a conditional write replaced an object that was there"
        return None
    finally:
        with suppress(StoreFailure):
            client.delete(key)
