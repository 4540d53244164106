"""What a pass of a loop may fail with and be repeated."""

from __future__ import annotations

import nats.errors
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from shared.errors import PenstockError

AWAY = (nats.errors.Error, PenstockError, OSError, TimeoutError)
"""What a pass may fail with while something is away; anything else ends the process."""

RACES = (IntegrityError, StaleDataError)
"""What storing the observation of a version fails with that is deleted at that moment; the next resync repairs it."""
