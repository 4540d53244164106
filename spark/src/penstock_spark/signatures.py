"""Signatures of a service's models, as `penstock tables signatures SERVICE` writes them. Reading is the caller's.

{"service": "wine", "signatures": [{"version_id": "…", "generations": [3], "inputs": "[…]", "outputs": "[…]"}]}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from inference_logger.domain.inferences.signatures import KnownSignatures, Signature, SignatureKey, parse_signature
from penstock_spark.errors import Refused


@dataclass(frozen=True)
class SignatureFile:
    """What was read."""

    service: str
    known: KnownSignatures


def read_signatures(text: str | bytes) -> SignatureFile:
    """Raises `Refused` for what is no such file."""
    try:
        found = orjson.loads(text)
        known = {
            (str(each["version_id"]), int(generation)): parse_signature(each.get("inputs"), each.get("outputs"))
            for each in found["signatures"]
            for generation in each["generations"]
        }
        return SignatureFile(str(found["service"]), KnownSignatures(known))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"no file of signatures, as `penstock tables signatures` writes them: {error!r}") from error


def signatures_for(
    keys: Iterable[SignatureKey], known: KnownSignatures, *, may_lack: bool
) -> Mapping[SignatureKey, Signature]:
    """The signature for each key. Raises `Refused` where one is not known, unless `may_lack`: then the nearest one.

    Rows that name no generation are of a release that had none, and do without, as in the embedded engine.
    """
    wanted = set(keys)
    lacking = sorted(f"{key[0]} generation {key[1]}" for key in wanted if None not in key and known.of(key) is None)
    if lacking and not may_lack:
        raise Refused(
            f"no signature of {', '.join(lacking[:5])}: write the file of signatures anew. "
            "--unknown-signatures=nearest takes that of an earlier generation, or types values as they are"
        )
    return {key: known.nearest(key) for key in wanted}
