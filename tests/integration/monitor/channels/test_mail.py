"""Mails, received by a real server with STARTTLS and users."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.clients.channels.sender import ChannelSender
from monitor.domain.notifications.notification import Attempt, Outcome
from servers.receivers.notifications import AT, a_channel, a_notification, an_alert
from servers.receivers.smtp_receiver import PASSWORD, USER, SmtpReceiver, self_signed
from shared.security.addresses import AddressRule

PEOPLE = ["ann@example.com", "bob@example.com"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def sender(certificate: Path) -> ChannelSender:
    trusting = ssl.create_default_context(cafile=str(certificate))
    return ChannelSender(AddressRule.of(["localhost"]), timeout_s=5, tls=trusting)


def options(server: SmtpReceiver, **changes: Any) -> dict[str, Any]:
    values = {"host": "localhost", "port": server.port, "username": USER, "recipients": PEOPLE}
    return {**values, "sender": "alerts@penstock.example", **changes}


async def send(sender: ChannelSender, given: dict[str, Any], *alerts: Any, password: str = PASSWORD) -> Outcome:
    channel = a_channel("smtp", options=given, language="zh")
    told = a_notification(*alerts, language="zh")
    credentials = {"password": password} if given["username"] else {}
    return await sender.send(channel, credentials, told, Attempt("0198-delivery", AT))


async def test_a_mail_arrives_by_starttls_and_sign_in(sender: ChannelSender, certificate: Path) -> None:
    server, hostile = SmtpReceiver(), an_alert(labels={"column": "<img src=x>\r\nBcc: eve@example.com"})
    async with server.serving(certificate):
        for _ in range(2):
            assert await send(sender, options(server), hostile) == Outcome.sent()
        resolved = an_alert(status="resolved", ended_at=AT, id="other")
        assert await send(sender, options(server), resolved) == Outcome.sent()
    first, again, later = server.mails
    assert server.secured == [True] * 3
    assert first["Subject"] == "【告警·严重】wine-quality / drift-of-features"
    assert (first["From"], first["To"], first["Bcc"]) == ("alerts@penstock.example", ", ".join(PEOPLE), None)
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"] == again["Message-ID"]
    assert server.raw[0] == server.raw[1]
    assert first["References"] == later["References"]
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "<img src=x> Bcc: eve@example.com" in text.get_content()
    assert "&lt;img src=x&gt;" in html.get_content()
    assert "https://penstock.example/alerts/0198-0?tab=evidence&amp;at=1" in html.get_content()


async def test_a_mail_arrives_by_tls_from_the_start_and_lists_many(sender: ChannelSender, certificate: Path) -> None:
    server = SmtpReceiver(is_tls=True)
    async with server.serving(certificate):
        given = options(server, security="tls")
        assert await send(sender, given, *(an_alert(number) for number in range(1000))) == Outcome.sent()
    text = server.mails[0].get_body(("plain",))
    assert text is not None
    assert server.mails[0]["Subject"] == "共 1000 条告警：1000 条告警中"
    assert "另有 800 条" in text.get_content()


async def test_what_a_mail_server_refuses(sender: ChannelSender, certificate: Path) -> None:
    server = SmtpReceiver()
    async with server.serving(certificate):
        wrong = await send(sender, options(server), password="wrong")
        server.refusals = {PEOPLE[0]: "550 no such mailbox"}
        partly = await send(sender, options(server))
        server.refusals = dict.fromkeys(PEOPLE, "550 no such mailbox")
        nobody = await send(sender, options(server))
        server.refusals = {PEOPLE[0]: "550 no such mailbox", PEOPLE[1]: "451 greylisted"}
        grey = await send(sender, options(server))
        server.refusals = {"data": "552 too large"}
        large = await send(sender, options(server))
        server.refusals = {"data": "451 try later"}
        later = await send(sender, options(server))
    assert (wrong.state, PASSWORD in wrong.reason) == ("channel_dead", False)
    assert partly == Outcome("sent", "not taken for 1 of 2 recipients")
    assert (nobody.state, grey.state, large.state, later.state) == ("rejected", "retry", "rejected", "retry")
    assert "550 no such mailbox" in nobody.reason


async def test_nothing_is_sent_in_the_clear_or_to_a_stranger(sender: ChannelSender, certificate: Path) -> None:
    bare = SmtpReceiver(offers_starttls=False)
    async with bare.serving(certificate):
        outcome = await send(sender, options(bare))
        assert outcome == Outcome.channel_dead("the mail server offers no STARTTLS")
        assert (await send(sender, options(bare, security="none", username=""))).state == "sent"
    assert bare.secured == [False]
    server = SmtpReceiver()
    async with server.serving(certificate):
        strict = ChannelSender(AddressRule.of(["localhost"]), timeout_s=5)
        untrusted = await send(strict, options(server))
        closed = ChannelSender(AddressRule(), timeout_s=5)
        inner = await send(closed, options(server))
        await strict.close()
        await closed.close()
    assert untrusted == Outcome.retry("the mail server's certificate is not trusted")
    assert inner.state == "channel_dead"
    assert server.mails == []


@pytest.mark.parametrize(
    "said", [b"", b"220 mail.test\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220-" + b"x" * 9000]
)
async def test_a_server_that_is_silent_or_none_is_left_in_time(said: bytes) -> None:
    is_left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        is_left.set()

    sender = ChannelSender(AddressRule.of(["localhost"]), timeout_s=0.3)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        given = options(SmtpReceiver(port=server.sockets[0].getsockname()[1]))
        outcome = await send(sender, given)
        await asyncio.wait_for(is_left.wait(), 10)
    await sender.close()
    assert outcome.state == "retry"
