"""What went wrong with an object store that speaks S3, in a sentence. No I/O."""

from __future__ import annotations

from inference_logger.domain.waiting import error_reason
from shared.storage.objects import S3, bucket_of, storage_failure


def storage_reason(location: str, error: BaseException) -> str:
    """What went wrong at a place, in one line; of a store's answer nothing is shown."""
    text = str(getattr(error, "message", "") or error)
    if not location.startswith(S3) or hasattr(error, "message"):
        return error_reason(error)
    known = storage_failure(text, bucket_of(location))
    return known or (type(error).__name__ if "<" in text else error_reason(error))
