"""Where messages may go, how long that takes, and that nothing of a URL is written anywhere."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.clients.channels.sender import ChannelSender
from monitor.domain.notifications.notification import Attempt, Outcome
from servers.receivers import vendors
from servers.receivers.http_receiver import HttpReceiver, Reply
from servers.receivers.notifications import AT, a_channel, a_notification
from servers.receivers.smtp_receiver import self_signed
from shared.security.addresses import AddressRule

SECRETS = {"secret": vendors.WEBHOOK_SECRET}
ATTEMPT = Attempt("0198-delivery", AT)
TAKES = HttpReceiver(lambda _: Reply(200, b"ok"))


async def send(url: str, *allowed: str, timeout_s: float = 5) -> Outcome:
    sender = ChannelSender(AddressRule.of(allowed), timeout_s=timeout_s)
    try:
        return await sender.send(a_channel("webhook", options={"url": url}), SECRETS, a_notification(), ATTEMPT)
    finally:
        await sender.close()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0",
        "10.0.0.7",
        "169.254.169.254",
        "[fd00::1]",
    ],
)
async def test_an_inner_host_is_not_even_connected_to(host: str) -> None:
    async with HttpReceiver(lambda _: Reply(200)).serving() as server:
        outcome = await send(f"http://{host}:{server.port}/hook/s3cret-path")
    assert server.received == []
    assert outcome.state == "channel_dead"
    assert "MONITOR_ALLOWED_CHANNELS" in outcome.reason
    assert "s3cret-path" not in outcome.reason


@pytest.mark.parametrize("allowed", ["localhost", "127.0.0.0/8"])
async def test_an_allowed_one_is_sent_to(allowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with HttpReceiver(lambda _: Reply(200)).serving() as server:
        assert (await send(f"{server.url}/hook", allowed, "::1")).state == "sent"


async def test_the_address_that_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    meanings = iter(["127.0.0.1", "169.254.169.254"])

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(meanings), 0))]

    async with HttpReceiver(lambda _: Reply(200)).serving() as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        url = f"http://rebound.example:{server.port}/hook"
        assert (await send(url, "127.0.0.1")).state == "sent"
        assert (await send(url, "127.0.0.1")).state == "channel_dead"
    assert len(server.received) == 1


async def test_a_redirect_inside_is_not_followed() -> None:
    async with HttpReceiver(lambda _: Reply(200)).serving() as inside:
        away = Reply(307, b"", {"location": f"http://127.0.0.1:{inside.port}/latest/meta-data"})
        async with HttpReceiver(lambda _: away).serving() as server:
            outcome = await send(f"{server.url}/hook", "localhost")
    assert outcome == Outcome.retry("HTTP 307: redirects are not followed; name the final URL")
    assert inside.received == []


async def test_a_receiver_that_hangs_or_drips_is_left_in_time() -> None:
    async with HttpReceiver(lambda _: Reply(hangs=True)).serving() as server:
        began = time.monotonic()
        outcome = await send(server.url, "localhost", timeout_s=0.2)
    assert outcome == Outcome.retry("there was no answer in time")
    assert time.monotonic() - began < 5


async def test_an_endless_answer_is_read_no_further_than_it_says_something() -> None:
    async with HttpReceiver(lambda _: Reply(200, b"x" * 2_000_000)).serving() as server:
        assert (await send(server.url, "localhost")).state == "sent"
    gzipped = Reply(200, b"x", {"content-encoding": "gzip"})
    async with HttpReceiver(lambda _: gzipped).serving() as server:
        assert (await send(server.url, "localhost")).state == "retry"


async def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused = await send(f"http://localhost:{free.getsockname()[1]}/", "localhost")
    assert refused == Outcome.retry("no connection")
    assert await send("http://nowhere.invalid/hook") == Outcome.retry("its host has no address")


async def test_a_certificate_must_be_of_the_name_and_trusted(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with HttpReceiver(lambda _: Reply(200)).serving(certificate) as server:
        for host, tls, state in (
            ("localhost", trusting, "sent"),
            ("127.0.0.1", trusting, "retry"),
            ("localhost", None, "retry"),
        ):
            sender = ChannelSender(AddressRule.of(["localhost", "127.0.0.1"]), timeout_s=5, tls=tls)
            channel = a_channel("webhook", options={"url": f"https://{host}:{server.port}/hook"})
            outcome = await sender.send(channel, SECRETS, a_notification(), ATTEMPT)
            await sender.close()
            assert outcome.state == state
            assert outcome.reason == ("" if state == "sent" else "the receiver's certificate is not trusted")
    assert len(server.received) == 1


async def test_nothing_is_logged_of_where_a_message_goes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for server in (vendors.dingtalk(), vendors.dingtalk()):
        async with server.serving():
            sender = ChannelSender(AddressRule.of(["localhost"]))
            credentials = {
                "url": f"{server.url}/robot/send?access_token={vendors.TOKEN}",
                "secret": vendors.SIGNING_SECRET,
            }
            await sender.send(a_channel("dingtalk"), credentials, a_notification(), ATTEMPT)
            await sender.close()
        assert server.received[0].query["access_token"] == vendors.TOKEN
    for hidden in (vendors.TOKEN, "access_token", "sign=", vendors.SIGNING_SECRET):
        assert hidden not in caplog.text


@pytest.mark.parametrize(
    ("kind", "options", "credentials", "words"),
    [
        ("slack", {}, {}, "url"),
        ("slack", {"colour": "red"}, {"url": "https://hooks.slack.com/services/a"}, "colour"),
        ("webhook", {"url": "https://ann:pw@x.example"}, SECRETS, "user or password"),
        ("webhook", {"url": "ftp://x.example"}, SECRETS, "http"),
        ("webhook", {"url": "https://x.example"}, {"secret": "whsec_short"}, "whsec_"),
        ("smtp", {"host": "mail.example"}, {}, "sender"),
    ],
)
async def test_a_channel_that_cannot_work_says_why(kind: Any, options: Any, credentials: Any, words: str) -> None:
    sender = ChannelSender(AddressRule())
    outcome = await sender.send(a_channel(kind, options=options), credentials, a_notification(), ATTEMPT)
    await sender.close()
    assert outcome.state == "channel_dead"
    assert words in outcome.reason


async def test_an_event_needs_nothing_more() -> None:
    sender = ChannelSender(AddressRule())
    assert await sender.send(a_channel("event"), {}, a_notification(), ATTEMPT) == Outcome.sent()
    await sender.close()
