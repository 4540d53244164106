"""What a channel may be made of, and what its refusals say."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from shared.contracts.alerting.channel_credentials import CREDENTIALS, check_credentials, needs_credentials
from shared.contracts.alerting.channel_forms import channel_forms
from shared.contracts.alerting.channel_options import OPTIONS, options_of
from shared.contracts.alerting.channel_values import check_address, check_host, check_url, webhook_key
from shared.contracts.alerting.channels import LIMITS, ChannelKind
from shared.errors import InvalidInput

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
URL = {"url": "https://hook.example/in"}
MAIL = {"host": "mail.example", "sender": "a@b.example", "recipients": ["c@d.example"]}


def test_every_kind_has_options_credentials_and_limits() -> None:
    assert set(OPTIONS) == set(CREDENTIALS) == set(LIMITS)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "hook.example",
            "file:///etc/passwd",
            "gopher://x",
            "http://",
            "http://x:0/",
            "http://x:99999/",
            "http://[::1",
        ),
        *("http://x/ y", "http://x\\y", "http://x/\n", "https://ann:pw@x", "https://x@y", "https://x/#a"),
        *("http://b\u00fccher.example", "https://x/" + "a" * 2048, "javascript:alert(1)", ""),
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="it ") as refused:
        check_url(url)
    assert len(url) < 10 or url not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "options", "named"),
    [
        ("wecom", {"colour": "red"}, "options.colour"),
        ("wecom", {"mention_mobiles": ["13800000000"]}, "text"),
        ("wecom", {"message": "markdown_v2", "mention_users": ["ann"]}, "markdown_v2"),
        ("wecom", {"mention_users": ["<@all>"]}, "options.mention_users.0"),
        ("dingtalk", {"at_mobiles": ["1380000000a"]}, "options.at_mobiles.0"),
        ("dingtalk", {"at_mobiles": ["13800000000"] * 51}, "options.at_mobiles"),
        ("dingtalk", {"keyword": "a\nb"}, "options.keyword"),
        ("slack", {"mentions": ["everyone"]}, "options.mentions.0"),
        ("pagerduty", {"url": "ftp://x"}, "http"),
        ("alertmanager", {}, "options.url"),
        ("alertmanager", URL | {"labels": {"1st": "a"}}, "names of labels"),
        ("webhook", URL | {"format": "xml"}, "options.format"),
        ("webhook", {"url": "https://ann:pw@x.example"}, "user or password"),
        ("smtp", MAIL | {"recipients": []}, "options.recipients"),
        ("smtp", MAIL | {"recipients": ["a@b.example\r\nBcc: c@d.example"]}, "mail address"),
        ("smtp", MAIL | {"sender": "Alerts <a@b.example>"}, "mail address"),
        ("smtp", MAIL | {"port": 0}, "options.port"),
        ("smtp", MAIL | {"username": "änn"}, "options.username"),
        ("smtp", MAIL | {"host": "mail example"}, "name of a host"),
        ("smtp", MAIL | {"security": "none", "username": "ann"}, "in the clear"),
        ("event", {"url": "https://x.example"}, "options.url"),
    ],
)
def test_options_are_refused_by_name(kind: ChannelKind, options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as refused:
        options_of(kind, options)
    assert "pw" not in refused.value.message
    assert refused.value.details


@pytest.mark.parametrize(
    ("kind", "options", "values", "named"),
    [
        ("slack", {}, {}, "url"),
        ("slack", {}, {"url": "https://ann:pa55@x.example"}, "user or password"),
        ("slack", {}, URL | {"secret": "pa55"}, "takes these credentials: url"),
        ("feishu", {}, URL | {"secret": "pa55 word"}, "secret"),
        ("pagerduty", {}, {"routing_key": "pa55"}, "routing_key"),
        ("webhook", URL, {}, "secret"),
        ("webhook", URL, {"secret": "pa55"}, "whsec_"),
        ("webhook", URL, {"secret": "whsec_" + base64.b64encode(b"pa55" * 20).decode()}, "24 to 64"),
        ("webhook", URL, {"secret": SECRET, "previous_secret": "pa55"}, "previous_secret"),
        ("alertmanager", URL, {"username": "ann"}, "password"),
        ("alertmanager", URL, {"username": "ann", "password": "pa55", "token": "pa55"}, "either"),
        ("alertmanager", URL, {"token": "pa55\r\nx: y"}, "token"),
        ("smtp", MAIL | {"username": "ann"}, {}, "password"),
        ("smtp", MAIL | {"username": "ann"}, {"password": "pa55wörd"}, "ASCII"),
        ("event", {}, {"token": "pa55"}, "none"),
    ],
)
def test_credentials_are_refused_without_their_values(
    kind: ChannelKind, options: dict[str, Any], values: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidInput, match=named) as refused:
        check_credentials(kind, options, values)
    assert "pa55" not in repr(refused.value)


@pytest.mark.parametrize(
    ("kind", "options", "is_needed"),
    [
        ("wecom", {}, True),
        ("webhook", URL, True),
        ("webhook", URL | {"format": "alertmanager"}, False),
        ("alertmanager", URL, False),
        ("smtp", MAIL, False),
        ("smtp", MAIL | {"username": "ann"}, True),
        ("event", {}, False),
    ],
)
def test_a_secret_is_asked_for_where_there_is_no_channel_without(
    kind: ChannelKind, options: dict[str, Any], is_needed: bool
) -> None:
    assert needs_credentials(kind, options) == is_needed


def test_single_values() -> None:
    assert (
        check_url("http://10.0.0.7:8060/dingtalk/webhook1/send?a=b")
        == "http://10.0.0.7:8060/dingtalk/webhook1/send?a=b"
    )
    assert check_host("mail-1.internal_net.") == "mail-1.internal_net."
    assert check_host("::1") == "::1"
    assert check_address("a.b+c@d-e.example") == "a.b+c@d-e.example"
    assert webhook_key(SECRET) == b"k" * 24
    for wrong in ("a@", "@b", "a b@c.example", "a@b@c.example", "a..b@c.example", "ä@c.example", "a@-.example"):
        with pytest.raises(ValueError, match="mail address"):
            check_address(wrong)


def test_forms_say_all_of_it_in_both_languages() -> None:
    for form in channel_forms().items:
        texts = [form.name, form.help, *(field.help for field in form.fields)]
        assert all(text.en and text.zh for text in texts)
        assert {field.name for field in form.fields if not field.is_secret} == set(OPTIONS[form.kind].model_fields)
        assert {field.name for field in form.fields if field.is_secret} == {
            each.name for each in CREDENTIALS[form.kind]
        }
        assert all(bool(field.choices) == (field.type == "choice") for field in form.fields)
    smtp = next(form for form in channel_forms().items if form.kind == "smtp")
    port = next(field for field in smtp.fields if field.name == "port")
    assert (port.type, port.default, port.minimum, port.maximum) == ("number", 587, 1, 65_535)
