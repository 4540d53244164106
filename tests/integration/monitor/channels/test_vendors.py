"""Each robot against a server that answers as its vendor does: what is taken, refused, and asked to be sent later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.clients.channels.sender import ChannelSender
from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from servers.receivers import vendors
from servers.receivers.http_receiver import HttpReceiver, Reply, json_reply
from servers.receivers.notifications import a_channel, a_notification, an_alert
from shared.contracts.alerting.channels import ChannelDefinition
from shared.security.addresses import AddressRule

PATHS = {
    "wecom": f"/cgi-bin/webhook/send?key={vendors.KEY}",
    "dingtalk": f"/robot/send?access_token={vendors.TOKEN}",
    "feishu": f"/open-apis/bot/v2/hook/{vendors.TOKEN}",
    "slack": f"/services/T0/B0/{vendors.TOKEN}",
}
SIGNED = ("dingtalk", "feishu")


@pytest.fixture(scope="module")
def sender() -> ChannelSender:
    return ChannelSender(AddressRule.of(["localhost"]), timeout_s=5)


@pytest.fixture
async def serve() -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def start(receiver: HttpReceiver) -> HttpReceiver:
            return await stack.enter_async_context(receiver.serving())

        yield start


def now() -> Attempt:
    return Attempt("0198-delivery", datetime.now(UTC))


def robot(kind: Any, server: HttpReceiver, **options: Any) -> tuple[ChannelDefinition, dict[str, str]]:
    credentials = {"url": f"{server.url}{PATHS[kind]}"}
    if kind in SIGNED:
        credentials["secret"] = vendors.SIGNING_SECRET
    return a_channel(kind, options=options, language="zh", time_zone="Asia/Shanghai"), credentials


ROBOTS = {"wecom": vendors.wecom, "dingtalk": vendors.dingtalk, "feishu": vendors.feishu, "slack": vendors.slack}
DIGEST = a_notification(*(an_alert(number) for number in range(1000)))


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize("told", [a_notification(), DIGEST], ids=["alert", "digest"])
async def test_a_robot_takes_alerts_and_digests(
    kind: str, told: Notification, sender: ChannelSender, serve: Any
) -> None:
    server = await serve(ROBOTS[kind]())
    assert await sender.send(*robot(kind, server), told, now()) == Outcome.sent()
    assert len(server.received) == 1


KEYWORD_WORDS = "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词"
SIGN_WORDS = "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中"
ADDRESS_WORDS = "description:来源ip不匹配;solution:请联系群管理员查看此机器人的ip白名单"
REFUSALS = [
    ("wecom", json_reply({"errcode": 45009, "errmsg": "api freq out of limit"}), "retry", "20 a minute", 60.0),
    ("wecom", json_reply({"errcode": -1, "errmsg": "system busy"}), "retry", "busy", None),
    ("wecom", json_reply({"errcode": 40058, "errmsg": "too long"}), "rejected", "too long", None),
    ("wecom", json_reply({"errcode": 60020, "errmsg": "not allow to access from your ip"}), "retry", "60020", None),
    ("dingtalk", json_reply({"errcode": 130101, "errmsg": "send too fast"}), "retry", "20 a minute", 60.0),
    ("dingtalk", json_reply({"errcode": 410100, "errmsg": "send too fast"}), "retry", "20 a minute", 60.0),
    (
        "dingtalk",
        json_reply({"errcode": 310000, "errmsg": "ip X.X.X.X not in whitelist"}),
        "channel_dead",
        "list",
        None,
    ),
    ("dingtalk", json_reply({"errcode": 310000, "errmsg": "invalid timestamp"}), "retry", "clock", None),
    ("dingtalk", json_reply({"errcode": 310000, "errmsg": KEYWORD_WORDS}), "channel_dead", "keyword", None),
    ("dingtalk", json_reply({"errcode": 310000, "errmsg": SIGN_WORDS}), "channel_dead", "signing secret", None),
    ("dingtalk", json_reply({"errcode": 310000, "errmsg": ADDRESS_WORDS}), "channel_dead", "list", None),
    ("dingtalk", json_reply({"errcode": 310000, "errmsg": "description:…"}), "channel_dead", "security", None),
    ("dingtalk", json_reply({"errcode": 400102, "errmsg": "robot stopped"}), "channel_dead", "stopped", None),
    ("dingtalk", json_reply({"status": 1111, "punish": "deny"}), "retry", "no errcode", None),
    ("feishu", json_reply({"code": 11232, "msg": "frequency limited psm"}), "retry", "5 a second", 5.0),
    ("feishu", json_reply({"code": 9499, "msg": "too many request"}, 429), "retry", "too many request", 5.0),
    ("feishu", json_reply({"code": 9499, "msg": "Bad Request"}, 400), "rejected", "Bad Request", None),
    ("feishu", json_reply({"code": 19022, "msg": "Ip Not Allowed"}), "channel_dead", "list", None),
    ("slack", Reply(429, b"rate_limited", {"retry-after": "30"}), "retry", "429", 30.0),
    ("slack", Reply(429, b""), "retry", "429", 60.0),
    ("slack", Reply(400, b"invalid_payload"), "rejected", "invalid_payload", None),
    ("slack", Reply(403, b"action_prohibited"), "channel_dead", "forbids", None),
    ("slack", Reply(410, b"channel_is_archived"), "channel_dead", "archived", None),
    ("slack", Reply(200, b"<html>Sign in</html>", {"content-type": "text/html"}), "retry", "text/html", None),
    *(
        (kind, reply, "retry", words, None)
        for kind in ROBOTS
        for reply, words in (
            (Reply(200, b"<html>blocked</html>", {"content-type": "text/html"}), "text/html"),
            (Reply(200, b'{"errcode": "0", "code": "0"}'), "HTTP 200"),
            (Reply(200, b"[" * 3000), "HTTP 200"),
            (Reply(405, b"\xff\xfe"), "HTTP 405"),
            (Reply(302, b"", {"location": "http://127.0.0.1/secret"}), "HTTP 302"),
            (Reply(raw=b"not HTTP at all\r\n\r\n"), "connection"),
            (Reply(raw=b""), "connection"),
        )
    ),
]


@pytest.mark.parametrize(("kind", "reply", "state", "words", "after"), REFUSALS)
async def test_each_way_of_saying_no(
    kind: str, reply: Reply, state: str, words: str, after: float | None, sender: ChannelSender, serve: Any
) -> None:
    server = await serve(ROBOTS[kind]())
    server.override.append(reply)
    outcome = await sender.send(*robot(kind, server), a_notification(), now())
    assert (outcome.state, outcome.after_s) == (state, after)
    assert words in outcome.reason
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_wrong_key_is_dead_and_repeated_nowhere(kind: str, sender: ChannelSender, serve: Any) -> None:
    server = await serve(ROBOTS[kind]())
    channel, credentials = robot(kind, server)
    right, _, tail = credentials["url"].rpartition("=" if "=" in credentials["url"] else "/")
    server.override.append(json_reply({"errcode": 93000, "code": 19001, "errmsg": credentials["url"], "msg": tail}))
    echoed = await sender.send(channel, credentials, a_notification(), now())
    assert tail not in repr(echoed)
    wrong = credentials | {"url": right + ("=" if "=" in credentials["url"] else "/") + "wrong-key"}
    refused = await sender.send(channel, wrong, a_notification(), now())
    assert refused.state == "channel_dead"
    assert "wrong-key" not in refused.reason


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_wrong_signature_is_dead(kind: str, sender: ChannelSender, serve: Any) -> None:
    server = await serve(ROBOTS[kind]())
    channel, credentials = robot(kind, server)
    for changed in (credentials | {"secret": "SECother"}, {"url": credentials["url"]}):
        if kind == "dingtalk" and "secret" not in changed:
            continue  # DingTalk then speaks of the timestamp
        refused = await sender.send(channel, changed, a_notification(), now())
        assert refused.state == "channel_dead"
        assert "signing secret" in refused.reason


async def test_a_keyword_is_in_every_message(sender: ChannelSender, serve: Any) -> None:
    server = await serve(vendors.dingtalk(keyword="penstock-alert"))
    assert (await sender.send(*robot("dingtalk", server), DIGEST, now())).state == "channel_dead"
    assert (await sender.send(*robot("dingtalk", server, keyword="penstock-alert"), DIGEST, now())).state == "sent"


async def test_the_21st_of_a_minute_waits(sender: ChannelSender, serve: Any) -> None:
    server = await serve(vendors.wecom())
    outcomes = [await sender.send(*robot("wecom", server), a_notification(), now()) for _ in range(21)]
    assert [outcome.state for outcome in outcomes] == ["sent"] * 20 + ["retry"]


async def test_mentions_are_where_each_looks_for_them(sender: ChannelSender, serve: Any) -> None:
    said = {}
    for kind, options in (
        ("wecom", {"mention_users": ["ann"]}),
        ("wecom", {"message": "text", "mention_users": ["@all"], "mention_mobiles": ["13800000000"]}),
        ("dingtalk", {"at_mobiles": ["13800000000"]}),
        ("feishu", {"at_all": True}),
        ("slack", {"mentions": ["here", "U012AB3CD", "S012AB3CD"]}),
    ):
        server = await serve(ROBOTS[kind]())
        assert (await sender.send(*robot(kind, server, **options), DIGEST, now())).state == "sent"
        said[kind, len(options)] = server.received[0].json()
    assert said["wecom", 1]["markdown"]["content"].endswith("\n<@ann>")
    assert said["wecom", 3]["text"]["mentioned_list"] == ["@all"]
    assert said["wecom", 3]["text"]["mentioned_mobile_list"] == ["13800000000"]
    assert said["dingtalk", 1]["at"]["atMobiles"] == ["13800000000"]
    assert said["dingtalk", 1]["markdown"]["text"].endswith("@13800000000")
    assert "<at id=all></at>" in str(said["feishu", 1]["card"])
    assert said["slack", 1]["text"].endswith("<!here> <@U012AB3CD> <!subteam^S012AB3CD>")
