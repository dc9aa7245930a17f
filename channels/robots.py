"""Robots of group chats: the form in which each platform takes a message at an address of a group's own.

| format | documented at | signed |
| --- | --- | --- |
| wecom | developer.work.weixin.qq.com/document/path/91770 | no: the key is in the address |
| dingtalk | open.dingtalk.com/document/orgapp/custom-robots-send-group-messages | HMAC-SHA256 in the query |
| feishu | open.feishu.cn/document/client-docs/bot-v3/add-custom-bot | HMAC-SHA256 in the body |
| slack | api.slack.com/messaging/webhooks | no: the key is in the address |

Texts are plain. What a customer wrote calls nobody: the signs that mention everyone are taken out of it.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

import msgspec

from bus.live import Rate
from channels.protocol import Rejected, Retryable, SendError, Slowed

# WeCom takes 2,048 bytes, the others more.
_LONGEST: Final = 2_000
# Twenty messages a minute are the least that any of them takes (WeCom, DingTalk).
RATE: Final = Rate(per_second=20 / 60, burst=10)
_TOO_MANY: Final[Mapping[str, frozenset[int]]] = {
    "wecom": frozenset({45009}),
    "dingtalk": frozenset({130101, 130103}),
    "feishu": frozenset({11232, 99991400}),
}


class Post(NamedTuple):
    """What is posted as JSON. The address is encoded already, and as secret as a password."""

    url: str
    body: dict[str, Any]

    def __repr__(self) -> str:
        return f"Post({sorted(self.body)})"


def post(format_: str, url: str, secret: str, text: str, now: datetime) -> Post:
    """A text for a robot. `secret` "" signs nothing."""
    said = _cut(text)
    match format_:
        case "slack":
            escaped = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return Post(url, {"text": escaped, "mrkdwn": False})
        case "feishu":
            body: dict[str, Any] = {"msg_type": "text", "content": {"text": _unmentioned(said)}}
            if secret:
                at = str(int(now.timestamp()))
                body |= {"timestamp": at, "sign": _hmac(f"{at}\n{secret}", "")}
            return Post(url, body)
        case "dingtalk":
            at = str(int(now.timestamp() * 1000))
            sign = quote_plus(_hmac(secret, f"{at}\n{secret}"))
            signed = f"{url}{'&' if '?' in url else '?'}timestamp={at}&sign={sign}" if secret else url
            return Post(signed, {"msgtype": "text", "text": {"content": said}})
    return Post(url, {"msgtype": "text", "text": {"content": _unmentioned(said)}})


def refusal(format_: str, status: int, answer: bytes, retry_after: str = "") -> SendError | None:
    """What an answer means; None where the robot took the message."""
    if status == 429:
        return Slowed("the robot asks for fewer messages", int(retry_after) if retry_after.isdigit() else 60)
    if status >= 500:
        return Retryable(f"the robot answered {status}")
    if not 200 <= status < 300:
        return Rejected(f"the robot answered {status} {_one_line(answer)}")
    if format_ == "slack":
        return None
    code, words = _told(answer)
    if code in _TOO_MANY[format_]:
        return Slowed(f"the robot asks for fewer messages ({code})", 60)
    return None if code == 0 else Rejected(f"the robot answered {code} {words}")


def _told(answer: bytes) -> tuple[int, str]:
    """The platform's code and words: `errcode` and `errmsg`, Feishu's are `code` and `msg`."""
    try:
        said = msgspec.json.decode(answer, type=dict[str, Any])
    except msgspec.MsgspecError:
        return -1, _one_line(answer)
    code = said.get("errcode", said.get("code", said.get("StatusCode", -1)))
    words = str(said.get("errmsg", said.get("msg", "")))[:200]
    return code if isinstance(code, int) else -1, words


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), message.encode(), "sha256")).decode()


def _unmentioned(text: str) -> str:
    return text.replace("<", "＜").replace(">", "＞")


def _cut(text: str) -> str:
    return text.encode()[:_LONGEST].decode(errors="ignore")


def _one_line(answer: bytes) -> str:
    return " ".join(answer[:200].decode(errors="replace").split())
