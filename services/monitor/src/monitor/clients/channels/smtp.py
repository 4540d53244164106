"""Mails to a server that was resolved and checked as HTTP's are.

`smtplib` speaks, in a thread, over a socket that is connected already; at the deadline the socket is shut down, so that
no thread outlives it, however slowly a server answers.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from contextlib import suppress
from typing import Any

import httpx

from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.vendors.mail import Mail, classify_reply
from shared.contracts.alerting.channel_options import SmtpOptions
from shared.counted import counted
from shared.security.addresses import AddressRule
from shared.security.pinned_transport import checked_addresses

_STEPS: tuple[tuple[type[smtplib.SMTPResponseException], str], ...] = (
    (smtplib.SMTPAuthenticationError, "auth"),
    (smtplib.SMTPSenderRefused, "sender"),
    (smtplib.SMTPDataError, "data"),
    (smtplib.SMTPResponseException, "session"),  # what it says before it hears of the mail, or that is no reply
)


async def send_mail(  # one attempt
    mail: Mail, options: SmtpOptions, password: str | None, *, rule: AddressRule, tls: ssl.SSLContext, timeout_s: float
) -> Outcome:
    """Raises `InvalidInput` for a host that the rule forbids."""
    session: _Session | None = None
    try:
        async with asyncio.timeout(timeout_s):
            connected = await _connect(options, rule)
            session = _Session(connected, options, password, tls, timeout_s)
            return await asyncio.to_thread(session.send, mail)
    except TimeoutError:
        return Outcome.retry("the mail server did not answer in time")
    except (OSError, httpx.ConnectError):
        return Outcome.retry("no connection to the mail server")
    finally:
        if session is not None:
            session.abort()


async def _connect(options: SmtpOptions, rule: AddressRule) -> socket.socket:
    """To the first address that takes it."""
    failure: OSError = OSError("no address")
    for address in await checked_addresses(options.host, rule):
        connecting = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        connecting.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connecting, (address, options.port))
        except OSError as wrong:
            failure = wrong
            connecting.close()
        except BaseException:
            connecting.close()
            raise
        else:
            return connecting
    raise failure


class _Client(smtplib.SMTP):
    """Over a socket that is connected."""

    def __init__(self, connected: socket.socket, host: str, name: str, timeout_s: float) -> None:
        self._connected = connected
        super().__init__(host, local_hostname=name, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connected


class _Session:
    """One conversation; `abort` may come from another thread."""

    def __init__(
        self,
        connected: socket.socket,
        options: SmtpOptions,
        password: str | None,
        tls: ssl.SSLContext,
        timeout_s: float,
    ) -> None:
        self._options = options
        self._password = password
        self._tls = tls
        self._timeout_s = timeout_s
        self._sockets: list[socket.socket] = [connected]
        self._client: _Client | None = None
        self._is_running = False

    def send(self, mail: Mail) -> Outcome:
        """The whole of it; raises nothing."""
        self._is_running = True
        try:
            return self._send(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            return _recipients(refused.recipients)
        except smtplib.SMTPResponseException as refused:
            step = next(step for kind, step in _STEPS if isinstance(refused, kind))
            return classify_reply(refused.smtp_code, _text(refused.smtp_error), step)
        except smtplib.SMTPNotSupportedError:
            return Outcome.channel_dead(f"the mail server offers no {self._missing()}")
        except (smtplib.SMTPException, OSError, ValueError) as failure:
            is_untrusted = isinstance(failure, ssl.SSLCertVerificationError)
            return Outcome.retry(
                "the mail server's certificate is not trusted"
                if is_untrusted
                else "the mail server ended the connection, or answers as none does"
            )
        finally:
            self._close()

    def abort(self) -> None:
        """End the connection, whatever it waits for."""
        for each in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # not SSLSocket's, which waits for the other side
        if not self._is_running:
            self._close()

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()  # its file too, which keeps the socket open
        for each in self._sockets:
            each.close()

    def _send(self, mail: Mail) -> Outcome:
        first = self._sockets[0]
        first.settimeout(self._timeout_s)
        name = _literal(first.getsockname()[0])
        if self._options.security == "tls":
            first = self._tls.wrap_socket(first, server_hostname=self._options.host)
            self._sockets.append(first)
        client = self._client = _Client(first, self._options.host, name, self._timeout_s)
        if self._options.security == "starttls":
            client.starttls(context=self._tls)
            self._sockets.append(client.sock)  # type: ignore[arg-type]  # there is one while it is connected
        if self._options.username:
            client.login(self._options.username, self._password or "")
        refused = client.sendmail(mail.sender, list(mail.recipients), mail.content)
        with suppress(smtplib.SMTPException, OSError):  # it has the mail, whatever it says now
            client.quit()
        return Outcome(
            "sent", f"not taken for {len(refused)} of {counted(len(mail.recipients), 'recipient')}" if refused else ""
        )

    def _missing(self) -> str:
        is_secured = self._options.security == "tls" or len(self._sockets) > 1
        return "way to sign in" if is_secured else "STARTTLS"


def _recipients(refused: dict[str, Any]) -> Outcome:
    """Where one of them may be taken later, all are tried again."""
    replies = sorted(((code, _text(said)) for code, said in refused.values()), key=lambda reply: reply[0])
    code, said = replies[0]
    return classify_reply(code, said, "recipients")


def _literal(address: str) -> str:
    """How a client without a name of its own introduces itself (RFC 5321, section 4.1.3)."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
