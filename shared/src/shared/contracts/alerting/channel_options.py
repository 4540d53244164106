"""What a channel of each kind is made of: options that anybody may read, and credentials that are kept as a secret.

The models are the single description: definitions are checked by them, senders read them, and forms are made from them
(`channel_forms`). A field's help is English in `description` and Chinese under `zh`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from shared.contracts.alerting.channel_values import check_address, check_host, check_label_name, check_url
from shared.contracts.alerting.channels import ChannelKind
from shared.errors import Detail, InvalidInput, validation_details

Url = Annotated[str, AfterValidator(check_url)]
Mail = Annotated[str, AfterValidator(check_address)]
Host = Annotated[str, AfterValidator(check_host)]
Person = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._\-]{1,64}$")]
Mobile = Annotated[str, StringConstraints(pattern=r"^\+?[0-9\-]{5,20}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=128)]
AsciiLine = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=128)]
LabelName = Annotated[str, AfterValidator(check_label_name)]
MOST_PEOPLE = 50


def _help(en: str, zh: str, **more: Any) -> Any:
    return Field(description=en, json_schema_extra={"zh": zh}, **more)


class ChannelOptions(BaseModel):
    """Base: unknown options are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WeComOptions(ChannelOptions):
    """A group robot of WeCom."""

    message: Literal["markdown", "markdown_v2", "text"] = _help(
        "How messages are written: markdown (colours, @ by user id), markdown_v2 (no colours, no @) or text (also @ by "
        "mobile number).",
        "消息格式：markdown（有颜色，可按用户 id @）、markdown_v2（无颜色，不能 @）或 text（还可按手机号 @）。",
        default="markdown",
    )
    mention_users: tuple[Person, ...] = _help(
        "User ids that are mentioned; @all: everybody (text only).",
        "要 @ 的用户 id；@all 表示所有人（仅 text）。",
        default=(),
        max_length=MOST_PEOPLE,
    )
    mention_mobiles: tuple[Mobile, ...] = _help(
        "Mobile numbers that are mentioned (text only).",
        "要 @ 的手机号（仅 text）。",
        default=(),
        max_length=MOST_PEOPLE,
    )

    @model_validator(mode="after")
    def _mentions_that_are_shown(self) -> WeComOptions:
        if self.message != "text" and (self.mention_mobiles or "@all" in self.mention_users):
            raise ValueError("only messages of the form text mention by mobile number, or everybody")
        if self.message == "markdown_v2" and self.mention_users:
            raise ValueError("messages of the form markdown_v2 mention nobody")
        return self


class DingTalkOptions(ChannelOptions):
    """A group robot of DingTalk."""

    at_mobiles: tuple[Mobile, ...] = _help(
        "Mobile numbers that are mentioned.", "要 @ 的手机号。", default=(), max_length=MOST_PEOPLE
    )
    at_all: bool = _help("Mention everybody.", "@所有人。", default=False)
    keyword: Line = _help(
        "A keyword that the robot's security settings ask for.", "机器人安全设置中的自定义关键词。", default=""
    )


class FeishuOptions(ChannelOptions):
    """A custom bot of Feishu or Lark."""

    at_all: bool = _help("Mention everybody.", "@所有人。", default=False)
    keyword: Line = _help(
        "A keyword that the bot's security settings ask for.", "机器人安全设置中的自定义关键词。", default=""
    )


class SlackOptions(ChannelOptions):
    """An incoming webhook of Slack."""

    mentions: tuple[Annotated[str, StringConstraints(pattern=r"^(here|channel|[UWS][A-Z0-9]{5,20})$")], ...] = _help(
        "Who is mentioned: member ids (U…), group ids (S…), here or channel.",
        "要提及的成员 id（U…）、用户组 id（S…）、here 或 channel。",
        default=(),
        max_length=MOST_PEOPLE,
    )


class PagerDutyOptions(ChannelOptions):
    """An integration of the kind Events API v2."""

    url: Url = _help(
        "Where events go; https://events.eu.pagerduty.com/v2/enqueue for accounts of the EU region.",
        "事件接口地址；欧盟区账号为 https://events.eu.pagerduty.com/v2/enqueue。",
        default="https://events.pagerduty.com/v2/enqueue",
    )


class AlertmanagerOptions(ChannelOptions):
    """A Prometheus Alertmanager, by its API v2."""

    url: Url = _help(
        "Base URL of the Alertmanager, such as https://alertmanager.example:9093.",
        "Alertmanager 的地址，例如 https://alertmanager.example:9093。",
    )
    labels: dict[LabelName, Line] = _help(
        "Labels that every alert gets besides its own, for Alertmanager's routes.",
        "附加到每条告警的标签，供 Alertmanager 路由使用。",
        default_factory=dict,
        max_length=16,
    )


class WebhookOptions(ChannelOptions):
    """A server of yours."""

    url: Url = _help("Where messages are posted to.", "接收消息的地址。")
    format: Literal["standard", "alertmanager"] = _help(
        "standard: Standard Webhooks, signed. alertmanager: the body of Alertmanager's webhook (version 4), for "
        "bridges that take it; signed where there is a secret.",
        "standard：Standard Webhooks，带签名。"
        "alertmanager：Alertmanager webhook（版本 4）的格式，供已有的转发程序使用；有密钥时也签名。",
        default="standard",
    )


class SmtpOptions(ChannelOptions):
    """A mail server."""

    host: Host = _help("Name of the mail server.", "邮件服务器的主机名。")
    port: int = _help(
        "TCP port: usually 587 (starttls), 465 (tls).",
        "端口：一般为 587（starttls）或 465（tls）。",
        default=587,
        ge=1,
        le=65_535,
    )
    security: Literal["starttls", "tls", "none"] = _help(
        "starttls: encrypted after the greeting, else nothing is sent; tls: from the start; none: in the clear.",
        "starttls：握手后加密，否则不发送；tls：一开始就加密；none：明文。",
        default="starttls",
    )
    username: AsciiLine = _help("Who signs in; empty: nobody.", "登录用户名；留空则不登录。", default="")
    sender: Mail = _help("Address that mails come from.", "发件人地址。")
    recipients: tuple[Mail, ...] = _help(
        "Addresses that mails go to.", "收件人地址。", min_length=1, max_length=MOST_PEOPLE
    )

    @model_validator(mode="after")
    def _password_is_not_sent_in_the_clear(self) -> SmtpOptions:
        if self.username and self.security == "none":
            raise ValueError("signing in needs starttls or tls: the password would be sent in the clear")
        return self


class EventOptions(ChannelOptions):
    """The bus alone: `alert.raised`, `alert.updated`, `alert.resolved` are published anyway."""


OPTIONS: Mapping[ChannelKind, type[ChannelOptions]] = {
    "wecom": WeComOptions,
    "dingtalk": DingTalkOptions,
    "feishu": FeishuOptions,
    "lark": FeishuOptions,
    "slack": SlackOptions,
    "pagerduty": PagerDutyOptions,
    "alertmanager": AlertmanagerOptions,
    "webhook": WebhookOptions,
    "smtp": SmtpOptions,
    "event": EventOptions,
}


def options_of(kind: ChannelKind, options: Mapping[str, Any]) -> ChannelOptions:
    """The options, checked; raises `InvalidInput` that says where what is wrong, without values."""
    try:
        return OPTIONS[kind].model_validate(dict(options))
    except ValidationError as wrong:
        details = tuple(_in_words(detail) for detail in validation_details(wrong))
        where = ".".join(("options", *(str(part) for part in details[0].loc)))
        raise InvalidInput(f"{where[:80]} of a channel of the kind {kind}: {details[0].msg}", details) from None


def _in_words(detail: Detail) -> Detail:
    said = detail.msg.removeprefix("Value error, ")
    words = {"Extra inputs are not permitted": "there is no such option", "Field required": "it is missing"}
    return Detail(detail.loc, words.get(said, said))
