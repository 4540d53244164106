"""Keys of hashed columns: asked of the controller by name, kept in memory only."""

from __future__ import annotations

import asyncio
import logging

from router.clients import ReconnectingBus
from router.spool.masked import KeyAwaited
from shared.clock import Clock
from shared.contracts.rpc.controller import MASKING_KEY, MaskingKey, MaskingKeyQuery
from shared.errors import NotFound, PenstockError

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 2.0
"""After a question that nobody answered: records whose hashes need the key wait in the spool meanwhile."""


class MaskingKeys:
    """`get` gives what is known and notes what is not; `run` asks for it."""

    def __init__(self, holder: ReconnectingBus, clock: Clock) -> None:
        self._holder = holder
        self._clock = clock
        self._keys: dict[str, bytes | None] = {}
        self._wanted: set[str] = set()
        self._is_wanted = asyncio.Event()
        self._is_told = False

    def get(self, name: str) -> bytes | None:
        """The key; None where the controller has none of this name. Raises `KeyAwaited`."""
        try:
            return self._keys[name]
        except KeyError:
            self._wanted.add(name)
            self._is_wanted.set()
            raise KeyAwaited from None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            while not await self._ask():
                await self._clock.sleep(ASK_AGAIN_S)

    async def _ask(self) -> bool:
        for name in sorted(self._wanted):
            try:
                answer = await self._holder.bus.call(MASKING_KEY, MaskingKeyQuery(name=name))
            except NotFound:
                logger.warning("there is no key %r for masked columns: their records are logged without bodies", name)
                self._keys[name] = None
            except PenstockError as error:
                if not self._is_told:
                    logger.warning("records with hashed columns wait in the spool for their key: %s", error.message)
                self._is_told = True
                return False
            else:
                assert isinstance(answer, MaskingKey)
                self._keys[name] = bytes.fromhex(answer.key)
            self._wanted.discard(name)
            self._is_told = False
        return True
