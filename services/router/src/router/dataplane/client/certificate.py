"""The data plane's certificate: read from two files, and again when they have changed."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from shared.errors import InvalidInput

logger = logging.getLogger(__name__)


class Certificate:
    """A server's TLS context whose certificate is replaced in place: new connections get the new one."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises InvalidInput where the files are not a certificate and its key."""
        self._files = (certificate, key)
        self._changed = self._stamp()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self.context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(f"no certificate and key in {certificate} and {key}: {error}") from error

    def reload_if_changed(self) -> None:
        """Load the files again if they have changed; half-written ones are left for the next call."""
        changed = self._stamp()
        if changed == self._changed:
            return
        try:
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            logger.warning("the changed certificate is not usable, the old one stays: %s", error)
        else:
            self._changed = changed
            logger.info("a new certificate is in use")

    def _stamp(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError:
            return ()
