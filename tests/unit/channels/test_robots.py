"""What is posted to robots of group chats, and what their answers mean."""

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.protocol import Rejected, Retryable, SendError, Slowed
from channels.robots import post, refusal

NOW = datetime(2021, 11, 10, 10, 16, 40, 500_000, tzinfo=UTC)
TEXT = {"msgtype": "text", "text": {"content": "#7 is late"}}
# Worked out with the code that each platform's page gives.
FEISHU = "6oiGLdBk+JlsDDQ7yYlTfA5hEK772t1vGtnPJQHsmTY="
DINGTALK = "c0I9G9yFaK41%2FuGLZU6yxxTVrQqSGrb26dEv%2Fg%2BsLBY%3D"


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        ("wecom", TEXT),
        ("dingtalk", TEXT),
        ("feishu", {"msg_type": "text", "content": {"text": "#7 is late"}}),
        ("slack", {"text": "#7 is late", "mrkdwn": False}),
    ],
)
def test_a_text_in_each_platform_s_form(format_: str, body: dict[str, Any]) -> None:
    """To the address as it was given, where nothing is signed."""
    made = post(format_, "https://robot.example/send?key=k", "", "#7 is late", NOW)
    assert (made.url, made.body) == ("https://robot.example/send?key=k", body)


def test_dingtalk_is_signed_in_the_query() -> None:
    """Milliseconds and an HMAC-SHA256 of them and the secret, keyed by the secret."""
    url = "https://oapi.dingtalk.com/robot/send?access_token=t"
    assert post("dingtalk", url, "SECabc", "x", NOW).url == f"{url}&timestamp=1636539400500&sign={DINGTALK}"


def test_feishu_is_signed_in_the_body() -> None:
    """Seconds and an HMAC-SHA256 of nothing, keyed by them and the secret."""
    made = post("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/h", "demo", "x", NOW)
    assert (made.body["timestamp"], made.body["sign"]) == ("1636539400", FEISHU)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("slack", "&lt;!channel&gt; &amp; all"),
        ("feishu", "＜!channel＞ & all"),
        ("wecom", "＜!channel＞ & all"),
        ("dingtalk", "<!channel> & all"),
    ],
)
def test_a_customer_s_words_call_nobody(format_: str, text: str) -> None:
    """Signs that mention everyone are taken out where the platform reads them in a text."""
    body = post(format_, "https://robot.example", "", "<!channel> & all", NOW).body
    assert text in str(body)


def test_a_long_text_is_cut_at_a_character() -> None:
    """WeCom takes 2,048 bytes of UTF-8."""
    said = post("wecom", "https://robot.example", "", "工" * 3000, NOW).body["text"]["content"]
    assert said == "工" * 666


def test_an_address_is_not_shown() -> None:
    """Neither in a log nor in a traceback: its key is in it."""
    assert "key" not in repr(post("wecom", "https://robot.example/?key=k", "", "x", NOW))


@pytest.mark.parametrize(
    ("format_", "status", "answer", "kind", "words"),
    [
        ("wecom", 200, b'{"errcode":0,"errmsg":"ok"}', None, ""),
        ("wecom", 200, b'{"errcode":45009,"errmsg":"freq"}', Slowed, "fewer messages (45009)"),
        (
            "wecom",
            200,
            b'{"errcode":93000,"errmsg":"invalid webhook url"}',
            Rejected,
            "93000 invalid webhook",
        ),
        ("dingtalk", 200, b'{"errcode":0,"errmsg":"ok"}', None, ""),
        ("dingtalk", 200, b'{"errcode":310000,"errmsg":"sign not match"}', Rejected, "310000 sign not match"),
        ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast"}', Slowed, "130101"),
        ("feishu", 200, b'{"code":0,"msg":"success","data":{}}', None, ""),
        ("feishu", 200, b'{"StatusCode":0,"StatusMessage":"success"}', None, ""),
        ("feishu", 200, b'{"code":19021,"msg":"sign match fail"}', Rejected, "19021 sign match fail"),
        ("slack", 200, b"ok", None, ""),
        ("slack", 404, b"no_service", Rejected, "404 no_service"),
        ("slack", 429, b"", Slowed, "fewer messages"),
        ("slack", 503, b"", Retryable, "503"),
        ("wecom", 200, b"<html>", Rejected, "<html>"),
    ],
)
def test_what_an_answer_means(
    format_: str, status: int, answer: bytes, kind: type[SendError] | None, words: str
) -> None:
    """Taken, too fast, later, or never; the platform's own words are kept."""
    error = refusal(format_, status, answer)
    assert (None if error is None else type(error)) is kind
    assert words in str(error or "")


def test_the_wait_that_a_platform_names_is_kept() -> None:
    """Slack's Retry-After, in seconds."""
    error = refusal("slack", 429, b"", "30")
    assert isinstance(error, Slowed)
    assert error.after == 30
