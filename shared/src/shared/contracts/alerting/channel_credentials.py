"""Credentials of channels: which fields each kind needs and takes, and what they may look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.alerting.channel_values import check_url, webhook_key
from shared.contracts.alerting.channels import ChannelKind
from shared.errors import Detail, InvalidInput

LONGEST_TEXT = 1024


def _check_text(value: str) -> str:
    if not value or len(value) > LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"it must be 1 to {LONGEST_TEXT} printable characters")
    return value


def _check_mail_password(value: str) -> str:
    if not value.isascii():  # SASL's own preparation of other characters (RFC 4013) is not what servers agree on
        raise ValueError("it must be ASCII")
    return _check_text(value)


def _check_token(value: str) -> str:
    if not value.isascii() or " " in value:
        raise ValueError("it must be printable ASCII without spaces")
    return _check_text(value)


def _check_username(value: str) -> str:
    if ":" in value or not value.isascii():
        raise ValueError("it must be printable ASCII without a colon")
    return _check_text(value)


def _check_routing_key(value: str) -> str:
    if not value.isascii() or not value.isalnum() or not 16 <= len(value) <= 64:
        raise ValueError("it must be the integration key: 32 letters and digits")
    return value


@dataclass(frozen=True)
class CredentialField:
    """One field of a channel's secret."""

    name: str
    en: str
    zh: str
    check: Callable[[str], Any] = _check_text
    is_required: bool = False


_ROBOT = CredentialField(
    "url",
    "The webhook URL of the robot, whole: it holds the key.",
    "机器人的完整 Webhook 地址（其中含密钥）。",
    check_url,
    True,
)
_SIGNING = CredentialField(
    "secret",
    "The signing secret, where the robot's security settings ask for signatures.",
    "加签密钥（机器人安全设置启用签名校验时填写）。",
    _check_token,
)
_ACCESS = (
    CredentialField("username", "User of HTTP basic authentication.", "HTTP 基本认证的用户名。", _check_username),
    CredentialField("password", "Password of HTTP basic authentication.", "HTTP 基本认证的密码。", _check_text),
    CredentialField(
        "token", "Token that is sent as Authorization: Bearer.", "以 Authorization: Bearer 发送的令牌。", _check_token
    ),
)
_WEBHOOK = (
    CredentialField(
        "secret",
        "Signing secret: whsec_ and base64 of 24 to 64 random bytes. Needed by the format standard.",
        "签名密钥：whsec_ 加 24 至 64 个随机字节的 base64。standard 格式必填。",
        webhook_key,
    ),
    CredentialField(
        "previous_secret",
        "The secret before this one: while it stands here, messages carry both signatures.",
        "轮换前的旧密钥：填写期间消息同时带两个签名。",
        webhook_key,
    ),
)
CREDENTIALS: Mapping[ChannelKind, tuple[CredentialField, ...]] = {
    "wecom": (_ROBOT,),
    "dingtalk": (_ROBOT, _SIGNING),
    "feishu": (_ROBOT, _SIGNING),
    "lark": (_ROBOT, _SIGNING),
    "slack": (_ROBOT,),
    "pagerduty": (
        CredentialField(
            "routing_key",
            "Integration key of the service's Events API v2 integration.",
            "服务的 Events API v2 集成密钥（Integration Key）。",
            _check_routing_key,
            True,
        ),
    ),
    "alertmanager": _ACCESS,
    "webhook": (*_WEBHOOK, *_ACCESS),
    "smtp": (
        CredentialField("password", "Password of the user who signs in.", "登录用户的密码。", _check_mail_password),
    ),
    "event": (),
}


def needs_credentials(kind: ChannelKind, options: Mapping[str, Any]) -> bool:
    """Whether a channel cannot do without a secret."""
    return bool(_missing(kind, options, {}))


def check_credentials(kind: ChannelKind, options: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raise `InvalidInput` for what a channel cannot be used with; the message names fields and shows no value."""
    fields = {each.name: each for each in CREDENTIALS[kind]}
    if unknown := sorted(set(values) - set(fields)):
        takes = ", ".join(fields) or "none"
        raise _wrong(f"A channel of the kind {kind} takes these credentials: {takes}", unknown[0], "unknown")
    if missing := _missing(kind, options, values):
        raise _wrong(f"A channel of the kind {kind} needs {missing}", missing, "missing")
    if "token" in values and "password" in values:
        raise _wrong("Give either username and password, or a token", "token", "not beside username and password")
    for name, value in values.items():
        try:
            fields[name].check(value)
        except ValueError as wrong:
            raise _wrong(f"{name}: {wrong}", name, str(wrong)) from None


def _missing(kind: ChannelKind, options: Mapping[str, Any], values: Mapping[str, str]) -> str | None:
    required = [each.name for each in CREDENTIALS[kind] if each.is_required]
    if kind == "webhook" and options.get("format", "standard") == "standard":
        required.append("secret")
    if kind == "smtp" and options.get("username"):
        required.append("password")
    if kind in ("alertmanager", "webhook") and ("username" in values) != ("password" in values):
        required += ["username", "password"]
    return next((name for name in required if not values.get(name)), None)


def _wrong(message: str, field: str, why: str) -> InvalidInput:
    return InvalidInput(message, (Detail(("data", field[:64]), why),))
