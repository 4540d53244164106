"""What channels are sent: within their sizes, whole characters, and text of users that stays text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.domain.credentials import without_credentials
from monitor.domain.notifications.fitting import cut_bytes, most_that_fits, plain
from monitor.domain.notifications.markup import in_markdown, link_of
from monitor.domain.notifications.message import Message
from monitor.domain.notifications.notification import Outcome
from monitor.domain.notifications.rendering import HTTP, scrubbed
from monitor.domain.notifications.texts import EN, ZH, lasted
from monitor.domain.notifications.vendors.mail import mail
from monitor.domain.notifications.vendors.wecom import ROOMS
from monitor.domain.notifications.wording import Wording
from servers.receivers.notifications import AT, a_channel, a_message, a_notification, an_alert
from shared.contracts.alerting.channels import ChannelKind

URL = {"url": "https://robot.example/send?key=k"}
CREDENTIALS: dict[ChannelKind, dict[str, str]] = {
    "wecom": URL,
    "dingtalk": URL,
    "feishu": URL,
    "lark": URL,
    "slack": URL,
    "pagerduty": {"routing_key": "a" * 32},
    "alertmanager": {},
    "webhook": {},
    "smtp": {},
}
OPTIONS: dict[ChannelKind, dict[str, Any]] = {
    "alertmanager": {"url": "https://am.example"},
    "webhook": {"url": "https://hook.example"},
    "smtp": {"host": "m.example", "sender": "a@b.example", "recipients": ["c@d.example"]},
}
FORMS: list[tuple[ChannelKind, dict[str, Any]]] = [(kind, {}) for kind in CREDENTIALS if kind != "smtp"] + [
    ("wecom", {"message": "text"}),
    ("wecom", {"message": "markdown_v2"}),
    ("webhook", {"url": "https://hook.example", "format": "alertmanager"}),
]
LIMITS = {"dingtalk": 20_000, "feishu": 20_000, "lark": 20_000, "slack": 32_000, "webhook": 20_000}
HOSTILE = '[x](https://evil.example) ![p](https://evil.example/p.png) <font color="info">ok</font> <@all> <!channel> `'
HUGE = {f"{'标签' * 40}{number}": "值" * 5000 for number in range(100)}


def rendered(kind: ChannelKind, options: dict[str, Any], *alerts: Any, **changes: Any) -> list[bytes]:
    channel = a_channel(kind, options=options or OPTIONS.get(kind, {}), **changes)
    return [request.body for request in HTTP[kind][0](a_message(channel, CREDENTIALS[kind], *alerts))]


def text_of(body: bytes) -> str:
    found = json.loads(body)
    return str(found[found["msgtype"]].get("content") or found[found["msgtype"]]["text"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("kind", "options"), FORMS)
@pytest.mark.parametrize(
    "alerts",
    [
        [an_alert(labels=HUGE, facts=HUGE, summary="很长的摘要" * 900, service="s" * 63, monitor="规则" * 500)],
        [an_alert(number, summary="摘要" * 300, labels=HUGE) for number in range(200)],
        [an_alert(number) for number in range(1000)],
    ],
    ids=["huge", "huge digest", "1,000"],
)
def test_every_message_is_as_small_as_its_receiver_asks(
    kind: ChannelKind, options: dict[str, Any], alerts: list[Any], language: str
) -> None:
    if kind == "pagerduty":
        alerts = alerts[:1]
    for body in rendered(kind, options, *alerts, language=language):
        body.decode()
        if kind == "wecom":
            assert 0 < len(text_of(body).encode()) <= ROOMS[options.get("message", "markdown")].limit
        elif options.get("format") != "alertmanager" and kind in LIMITS:
            assert len(body) <= LIMITS[kind]
        else:
            assert len(body) <= 512 * 1024 or kind == "alertmanager"


def test_a_digest_counts_what_it_leaves_out() -> None:
    alerts = [an_alert(number, status="resolved" if number % 2 else "firing") for number in range(1000)]
    english = text_of(rendered("wecom", {}, *alerts)[0])
    assert english.splitlines()[0] == '### <font color="warning">1000 alerts: 500 firing, 500 resolved</font>'
    assert "… and 980 more" in english
    assert "另有 980 条" in text_of(rendered("dingtalk", {}, *alerts, language="zh")[0])
    webhook = json.loads(rendered("webhook", {}, *alerts)[0])
    assert webhook["type"] == "alert.digest"
    assert len(webhook["data"]["alerts"]) + webhook["data"]["omitted"] == 1000
    assert len(webhook["data"]["alerts"]) > 20
    bridge = json.loads(rendered("webhook", FORMS[-1][1], *alerts)[0])
    assert len(bridge["alerts"]) + bridge["truncatedAlerts"] == 1000


def test_one_alert_that_is_too_large_is_told_without_some_labels() -> None:
    webhook = json.loads(rendered("webhook", {}, an_alert(labels=HUGE, facts=HUGE, summary="摘" * 3000))[0])
    assert webhook["data"]["omitted"] == 0
    assert webhook["data"]["alerts"][0]["fingerprint"] == "f00d0000"


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_labels_are_no_markdown(kind: ChannelKind) -> None:
    alert = an_alert(labels={"column": HOSTILE, HOSTILE: "# big"}, summary=HOSTILE, facts={"value": "a\n\n# b"})
    text = text_of(rendered(kind, {}, alert)[0])
    own = text.replace(f"]({link_of(alert.link)})", "")
    assert "](" not in own
    assert "<@all>" not in text
    assert '<font color="info">' not in text
    assert "`" not in text
    assert not any(line.startswith("# ") for line in text.splitlines())
    assert "\n\n# " not in text


def test_labels_are_no_mentions_of_slack() -> None:
    body = rendered("slack", {}, an_alert(labels={"column": HOSTILE}, summary="<!channel> & <https://e.example|ok>"))[0]
    said = json.loads(body)
    assert "<!channel>" not in str(said)
    assert "&lt;!channel&gt; &amp; &lt;https://e.example" in str(said)


def test_labels_are_plain_text_in_cards() -> None:
    body = rendered("feishu", {}, an_alert(labels={"column": "<at id=all></at>"}, summary="**x**"))[0]
    card = json.loads(body)["card"]
    assert "<at" not in str(card)
    assert {"tag": "plain_text", "content": "**x**"} in [element.get("text") for element in card["elements"]]


def test_lines_hold_nothing_invisible() -> None:
    assert plain("a\u202eb\u200bc\r\nd\x00 \ud800e\u2028f", 99) == "a b c d e f"
    assert plain("x" * 20, 5) == "xxxx…"
    assert in_markdown("# head_line __init__") == "＃ head_line ＿＿init＿＿"


@pytest.mark.parametrize(("kind", "options"), [*FORMS, ("smtp", {})])
def test_no_text_breaks_a_message(kind: ChannelKind, options: dict[str, Any]) -> None:
    odd = "\ud800\x00\u202e\r\n🍷\U000e0001<"
    names = ("service", "monitor", "kind", "summary", "fingerprint", "id", "acknowledged_by")
    texts: dict[str, Any] = dict.fromkeys(names, odd)
    alert = an_alert(**texts, labels={odd: odd}, facts={odd: odd}, link=f"https://x.example/{odd}")
    if kind == "smtp":
        assert "🍷" not in mail(a_message(a_channel("smtp", options=OPTIONS["smtp"]), {}, alert)).content.decode()
        return
    for body in rendered(kind, options, alert):
        assert "🍷" in body.decode()
        if kind in ("wecom", "dingtalk", "feishu", "lark", "slack"):  # programs get identities as they are
            assert "\u202e" not in body.decode()


def test_bytes_are_cut_between_characters() -> None:
    for limit in range(3, 30):
        cut = cut_bytes("警告警告警告警告", limit)
        assert len(cut.encode()) <= limit
        assert "\ufffd" not in cut


def test_the_most_that_fits_is_found() -> None:
    tried: list[int] = []

    def build(count: int) -> str:
        tried.append(count)
        return "x" * (count + 3)

    assert len(most_that_fits(build, 1000, len, 100)) == 100
    assert len(tried) < 15
    assert most_that_fits(build, 5, len, 1) == "xxx"
    assert most_that_fits(build, 5, len, 99) == "x" * 8


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://x.example/a?b=c&d=e#f", "https://x.example/a?b=c&d=e#f"),
        ("https://x.example/a b)|>c", "https://x.example/a%20b%29%7C%3Ec"),
        ("javascript:alert(1)", None),
        ("https://x.example/" + "a" * 600, None),
        ("http://[", None),
        (None, None),
    ],
)
def test_links_end_where_they_should(url: str | None, link: str | None) -> None:
    assert link_of(url) == link


def test_times_are_in_the_channels_zone() -> None:
    words = a_message(a_channel("wecom", time_zone="Asia/Shanghai"), URL).wording(_as_it_is)
    assert words.time(AT) == "2026-11-27 18:40 UTC+08:00"
    assert Wording(a_notification(), "Mars/Base", _as_it_is).time(AT) == "2026-11-27 10:40 UTC"
    assert lasted(timedelta(hours=25, minutes=5), EN) == "1 d 1 h"
    assert lasted(timedelta(seconds=65), ZH) == "1 分钟 5 秒"
    assert lasted(timedelta(), EN) == "0 s"


def test_an_alert_of_the_platform_has_no_service_and_no_project() -> None:
    alert = an_alert(service="", labels={})
    message = a_message(a_channel("wecom"), URL, alert, project="")
    assert message.wording(_as_it_is).title(alert) == "[FIRING · critical] drift-of-features"
    channel = a_channel("alertmanager", options=OPTIONS["alertmanager"])
    (request,) = HTTP["alertmanager"][0](a_message(channel, {}, alert, project=""))
    assert json.loads(request.body)[0]["labels"] == {"alertname": "drift-of-features", "severity": "critical"}


def test_requests_and_mails_show_no_secret() -> None:
    message = a_message(a_channel("dingtalk"), {"url": "https://r.example/send?access_token=t0ken", "secret": "SECx"})
    (request,) = HTTP["dingtalk"][0](message)
    assert "sign=" in request.url
    for shown in (repr(request), repr(message), repr(mail(_mail_message()))):
        assert "t0ken" not in shown
        assert "SECx" not in shown
        assert "sign" not in shown


def test_what_a_receiver_repeats_of_the_credentials_is_hidden() -> None:
    credentials = {"url": "https://x.example/hook/abcdef-123?access_token=t0ken-t0ken", "secret": "SECsecret"}
    said = (
        "no abcdef-123, access_token=t0ken-t0ken, SECsecret, https://x.example/hook/abcdef-123?access_token=t0ken-t0ken"
    )
    assert scrubbed(Outcome.rejected(said), credentials).reason == "no ***, ***=***, ***, ***"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (str({"password": "it's \\ mine"}), "{'password': \"***\"}"),
        ('refused ({"password": "it\'s \\\\ mine"})', 'refused ({"password": "***"})'),
        ("refused (Basic bWVtZTppdCdzIFwgbWluZQ==)", "refused (Basic ***)"),
        ("refused (token abcdefgh-ijkl…)", "refused (token ***…)"),
        ("refused (token abcdefgh-ijkl-mnop was not taken)", "refused (token *** was not taken)"),
        ("refused (token abcdefgh-other)", "refused (token abcdefgh-other)"),
    ],
)
def test_a_secret_that_is_written_otherwise_or_cut_is_hidden_too(said: str, shown: str) -> None:
    credentials = {"username": "meme", "password": "it's \\ mine", "token": "abcdefgh-ijkl-mnop"}
    assert without_credentials(said, credentials) == shown


def test_the_same_mail_has_the_same_bytes_and_every_language() -> None:
    first, second = mail(_mail_message()), mail(_mail_message())
    assert first.content == second.content
    assert b"\n" not in first.content.replace(b"\r\n", b"")
    assert first.content.isascii()
    later = _mail_message()
    later = replace(later, attempt=replace(later.attempt, id="other"))
    assert mail(later).content != first.content


def _mail_message() -> Message:
    return a_message(a_channel("smtp", options=OPTIONS["smtp"], language="zh"), {})


_as_it_is: Callable[[str, int], str] = plain
