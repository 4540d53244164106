"""Text of users (labels, names, summaries) that must stay text in each receiver's markup.

WeCom's and DingTalk's Markdown document no escape: what could open a link, an image, a mention, a colour or a heading
is replaced by the full-width character that looks the same. Slack documents entities. Cards of Feishu and mails need
none of it: they have fields of plain text, or HTML's own escape.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from monitor.domain.notifications.fitting import plain

LONGEST_LINK = 512

_WIDE = str.maketrans("<>[]*`\\~|", "＜＞［］＊ˋ＼∼｜")
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "`": "ˋ", "~": "∼"})


def in_markdown(text: str, most: int = 200) -> str:
    """For WeCom and DingTalk."""
    line = plain(text, most).translate(_WIDE).replace("__", "＿＿")
    return "＃" + line[1:] if line.startswith("#") else line


def in_slack(text: str, most: int = 200) -> str:
    """For Slack's mrkdwn."""
    return plain(text, most).translate(_SLACK)


def in_card(text: str, most: int = 200) -> str:
    """For plain text of Feishu's cards, where `<at …>` alone could mean something."""
    return plain(text, most).replace("<", "＜")


def link_of(url: str | None) -> str | None:
    """A link that ends where it should in any markup; None where it is none, or longer than `LONGEST_LINK`."""
    try:
        if not url or urlsplit(url).scheme not in ("http", "https"):
            return None
    except ValueError:
        return None
    safe = quote(url, safe="/:?#@!$&'+,;=%~-._", errors="replace")
    return safe if len(safe) <= LONGEST_LINK else None
